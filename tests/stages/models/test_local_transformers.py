import json
import math
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from policies.errors import Broken, InputError
from policies.task import Sampling
from stages.evidence.estimate import Unmeasured
from stages.evidence.items import Item
from stages.models.client import EmptyAnswer, EndpointError, ModelError, Request, RequestRefused
from stages.models.local_likelihood import Likelihood
from stages.models.local_transformers import LocalTransformers, Told
from tests.tiny_models import tiny_llama

WORDS = [f"w{number}" for number in range(40)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama(tmp_path_factory.mktemp("models") / "tiny", WORDS)


@pytest.fixture(scope="module")
def client(folder: Path) -> LocalTransformers:
    return LocalTransformers(folder, slots=8)


def asked(
    words: str, *, seed: int | None = 0, tokens: int = 12, temperature: float = 1.0, **more: float
) -> Request:
    return Request(
        item=Item(id=words, messages=({"role": "user", "content": words},), cluster=words),
        sampling=Sampling(temperature=temperature, max_tokens=tokens, seed=seed, **more),
    )


def said(client: LocalTransformers, request: Request) -> str:
    try:
        return client.answer_in_part(request).text
    except EmptyAnswer:
        return ""


def test_a_row_s_text_does_not_depend_on_who_else_is_asked(client: LocalTransformers) -> None:
    requests = [
        asked(" ".join(WORDS[: 1 + at % 9]), seed=at, tokens=3 + at % 11, temperature=at % 3)
        for at in range(30)
    ]
    alone = [said(client, request) for request in requests]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda request: said(client, request), requests))
    assert together == alone
    assert len(set(alone)) > 20


def test_questions_of_several_threads_are_answered_in_one_batch(
    client: LocalTransformers, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = counted(client, monkeypatch)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda at: said(client, asked("w1 w2", seed=at)), range(32)))
    assert sum(sizes) == 32
    assert max(sizes) == 8
    assert len(sizes) <= 10


def counted(client: LocalTransformers, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    sizes: list[int] = []
    generate = client._local.model.generate

    def counting(**how: object) -> object:
        sizes.append(len(how["input_ids"]))  # type: ignore[arg-type]
        return generate(**how)

    monkeypatch.setattr(client._local.model, "generate", counting)
    return sizes


def test_the_same_seed_draws_the_same_and_another_seed_another(client: LocalTransformers) -> None:
    first, again, other = (said(client, asked("w1 w2", seed=seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_the_same_seed_draws_unrelated_answers_to_two_questions(client: LocalTransformers) -> None:
    one, other = client._ids("a"), client._ids("b")
    assert one == other  # words it does not know are the same to the model ...
    assert said(client, asked("a")) != said(client, asked("b"))  # ... and yet are drawn apart


def test_without_a_seed_each_draw_is_another(client: LocalTransformers) -> None:
    assert len({said(client, asked("w1 w2", seed=None)) for _ in range(5)}) > 1


def test_temperature_0_says_the_likeliest_words(client: LocalTransformers) -> None:
    answers = {said(client, asked("w1 w2", temperature=0, seed=seed)) for seed in range(3)}
    assert len(answers) == 1


def test_an_answer_that_was_cut_is_none(client: LocalTransformers, folder: Path) -> None:
    with pytest.raises(ModelError, match="cut after 2 tokens") as cut:
        client.answer(asked("w1 w2", tokens=2, temperature=0))
    assert f"the model {folder.name} gave no answer" in cut.value.in_short


def test_a_question_longer_than_the_model_reads_is_refused_alone(
    client: LocalTransformers, folder: Path
) -> None:
    with pytest.raises(RequestRefused, match="the model reads 2048") as refused:
        client.answer(asked("w1 " * 2100))
    assert str(folder.parent) not in refused.value.in_short


def test_a_likelihood_is_that_of_the_answer_s_tokens_alone(
    client: LocalTransformers, folder: Path
) -> None:
    rows = [
        Told(messages=({"role": "user", "content": "w1 " * at},), answer=" ".join(WORDS[:at]))
        for at in range(1, 12)
    ]
    for row, found in zip(rows, client.log_likelihood(rows), strict=True):
        assert isinstance(found, Likelihood)
        assert found.tokens == len(row.answer.split())
        assert found.log_probability == pytest.approx(slow_likelihood(folder, row), abs=1e-4)
        assert found.perplexity == pytest.approx(
            math.exp(-found.log_probability / found.tokens), rel=1e-9
        )


def slow_likelihood(folder: Path, row: Told) -> float:
    """Token by token, without a batch or padding."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    ids = tokenizer.apply_chat_template(list(row.messages), add_generation_prompt=True)["input_ids"]
    total = 0.0
    with torch.inference_mode():
        for token in tokenizer(row.answer, add_special_tokens=False)["input_ids"]:
            scores = model(input_ids=torch.tensor([ids])).logits[0, -1]
            total += float(torch.log_softmax(scores, -1)[token])
            ids = [*ids, token]
    return total


def test_an_answer_longer_than_the_model_reads_has_no_likelihood(client: LocalTransformers) -> None:
    question = ({"role": "user", "content": "w1"},)
    long, short = client.log_likelihood(
        [Told(messages=question, answer="w2 " * 2100), Told(messages=question, answer="w2")]
    )
    assert isinstance(long, Unmeasured)
    assert isinstance(short, Likelihood)


def test_weights_that_are_no_numbers_give_no_answer_and_no_likelihood(
    folder: Path, tmp_path: Path
) -> None:
    poisoned = LocalTransformers(with_weights(folder, tmp_path / "poisoned", math.nan))
    with pytest.raises(EndpointError, match="NaN"):
        poisoned.answer(asked("w1"))
    (found,) = poisoned.log_likelihood(
        [Told(messages=({"role": "user", "content": "w1"},), answer="w2")]
    )
    assert isinstance(found, Unmeasured)


def with_weights(folder: Path, to: Path, value: float) -> Path:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        model.model.layers[0].mlp.up_proj.weight.fill_(value)
    model.save_pretrained(to)
    AutoTokenizer.from_pretrained(folder).save_pretrained(to)
    return to


def test_what_the_folder_suggests_beside_its_ends_does_not_count(
    folder: Path, tmp_path: Path, client: LocalTransformers
) -> None:
    copied = copy(folder, tmp_path / "suggesting")
    path = copied / "generation_config.json"
    suggested = {**json.loads(path.read_text()), "repetition_penalty": 5.0, "do_sample": True}
    path.write_text(json.dumps({**suggested, "temperature": 0.1, "top_k": 1}))
    other = LocalTransformers(copied)
    for seed in range(3):
        assert said(other, asked("w1 w2", seed=seed)) == said(client, asked("w1 w2", seed=seed))


def test_the_identity_is_that_of_the_files(folder: Path, client: LocalTransformers) -> None:
    assert client.identity["kind"] == "local"
    assert client.identity["dtype"] == "float32"
    assert LocalTransformers(folder, precision="bf16").identity == {
        **client.identity,
        "dtype": "bfloat16",
    }


def copy(folder: Path, to: Path) -> Path:
    to.mkdir()
    for path in folder.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    return to


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def own_code(folder: Path) -> None:
    path = folder / "config.json"
    said = {**json.loads(path.read_text()), "auto_map": {"AutoModelForCausalLM": "mine.Model"}}
    path.write_text(json.dumps({**said, "model_type": "mine"}))
    (folder / "mine.py").write_text("raise SystemExit('foreign code ran')")


def without_end(folder: Path) -> None:
    path = folder / "tokenizer_config.json"
    said = json.loads(path.read_text())
    path.write_text(json.dumps({name: said[name] for name in said if name != "eos_token"}))


def halved(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def pickled(folder: Path) -> None:
    import torch

    (folder / "model.safetensors").unlink()
    torch.save({"weight": torch.zeros(1)}, folder / "pytorch_model.bin")


def lacking_weights(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights.pop("model.layers.1.mlp.up_proj.weight")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "tokenizer.json").write_text("{"), "tokenizer cannot be read"),
        (without_end, "no token that ends an answer"),
        (without("config.json"), "no config.json that can be read"),
        (without("model.safetensors"), "no \\*.safetensors"),
        (without("chat_template.jinja"), "no chat template"),
        (pickled, "run code when they are read"),
        (halved, "weights cannot be read"),
        (lacking_weights, "made up by chance"),
        (own_code, "code of the model's own"),
        (lambda folder: (folder / "config.json").write_text("{"), "no config.json that can be"),
        (lambda folder: (folder / "config.json").write_text("[]"), "config.json is no JSON object"),
        (lambda folder: (folder / "config.json").write_text("{}"), "cannot be read"),
    ],
)
def test_a_folder_that_is_no_model_is_refused(
    folder: Path, tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    spoilt = copy(folder, tmp_path / "spoilt")
    spoil(spoilt)
    with pytest.raises(InputError, match=words):
        LocalTransformers(spoilt)


def test_a_base_model_is_asked_by_the_template_it_is_given(folder: Path, tmp_path: Path) -> None:
    bare = copy(folder, tmp_path / "bare")
    template = (bare / "chat_template.jinja").read_text()
    (bare / "chat_template.jinja").unlink()
    client = LocalTransformers(bare, chat_template=template)
    assert client.identity["chat_template"] == template
    assert said(client, asked("w1 w2"))


def test_a_conversation_that_the_template_refuses_is_refused_alone(folder: Path) -> None:
    client = LocalTransformers(folder, chat_template="{{ raise_exception('no system turns') }}")
    with pytest.raises(RequestRefused, match="no system turns"):
        client.answer(asked("w1"))


def test_a_tokenizer_without_padding_pads_with_its_end(
    folder: Path, tmp_path: Path, client: LocalTransformers
) -> None:
    copied = copy(folder, tmp_path / "unpadded")
    path = copied / "tokenizer_config.json"
    said_of = json.loads(path.read_text())
    path.write_text(json.dumps({name: said_of[name] for name in said_of if name != "pad_token"}))
    other = LocalTransformers(copied)
    requests = [asked(" ".join(WORDS[: 1 + at]), seed=at) for at in range(6)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda request: said(other, request), requests))
    assert found == [said(client, request) for request in requests]


def test_a_model_that_does_not_fit_into_memory_says_what_to_lower(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = LocalTransformers(folder)

    def fail(**_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(full._local.model, "generate", fail)
    with pytest.raises(EndpointError, match=r"out of memory\n.*lower `slots`"):
        full.answer(asked("w1"))
    monkeypatch.setattr(full._local.model, "forward", fail)
    with pytest.raises(EndpointError, match=r"out of memory\n.*lower `slots`"):
        full.log_likelihood([Told(messages=({"role": "user", "content": "w1"},), answer="w2")])


def test_an_accelerator_that_is_not_there_is_told(folder: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is an accelerator")
    with pytest.raises(Broken, match="torch sees no accelerator"):
        LocalTransformers(folder, device="cuda")


def test_without_the_extra_it_is_said_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(Broken, match=r"transformers is not installed\n.*\[workshop\]"):
        LocalTransformers(folder)


def test_a_likelihood_of_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="an answer says something"):
        Told(messages=({"role": "user", "content": "w1"},), answer="")
    for total, tokens in ((-1.0, 0), (math.nan, 3)):
        with pytest.raises(ValueError, match="a finite number"):
            Likelihood(log_probability=total, tokens=tokens)
    assert Likelihood(log_probability=-1e9, tokens=1).perplexity == math.inf
