from pathlib import Path

import numpy as np
import pytest

from infra.examples.build_bench.model import vector
from policies.errors import Broken, InputError
from stages.judges.purse import Cap
from stages.workshop.bench.embedding import embedded
from stages.workshop.bench.recipe import Embeddings
from stages.workshop.bench.vectors import Embedded, normed, stacked
from stages.workshop.spending import OutOfBudget
from tests.stages.workshop.bench.scene import Toy, room, serving

TEXTS = [f"sql query index number {n}" for n in range(10)]
ASKED = Embeddings(endpoint="embedder", batch=4)


def asked(folder: Path, toy: Toy, texts: list[str] = TEXTS, cap: Cap | None = None) -> Embedded:
    with room(folder, toy, cap=cap) as here:
        return embedded(texts, range(len(texts)), ASKED, here, records=len(texts))


def test_an_endpoint_is_asked_in_batches_and_once(tmp_path: Path) -> None:
    with serving(Toy()) as toy:
        first, again = asked(tmp_path, toy), asked(tmp_path, toy)

    expected = normed(np.array([vector(text) for text in TEXTS], np.float32))
    assert first.vectors == pytest.approx(expected, abs=1e-6)
    assert (again.vectors == first.vectors).all()
    assert again.model == first.model
    assert [len(body["input"]) for _, body in toy.asked] in ([4, 4, 2], [4, 2, 4], [2, 4, 4])


def test_a_text_that_is_refused_takes_no_other_with_it(tmp_path: Path) -> None:
    class Refusing(Toy):
        def reply(self, path: str, body: dict[str, object]) -> dict[str, object]:
            bad = any("number 5" in text for text in body["input"])
            return {"data": []} if bad else super().reply(path, body)

    with serving(Refusing()) as toy:
        found = asked(tmp_path, toy)

    assert list(found.lacking) == [5]
    assert not found.vectors[5].any()
    assert found.vectors[[n for n in range(10) if n != 5]].any(axis=1).all()


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"data": "none"},
        {"data": [{"index": 0, "embedding": []}]},
        {"data": [{"index": 0, "embedding": ["a"]}]},
        {"data": [{"embedding": [1.0]}]},
        {"data": [{"index": 0, "embedding": [1e300]}]},
    ],
)
def test_a_reply_that_holds_no_vectors_is_none(tmp_path: Path, reply: dict[str, object]) -> None:
    class Odd(Toy):
        def reply(self, _path: str, _body: dict[str, object]) -> dict[str, object]:
            return reply

    with serving(Odd()) as toy, pytest.raises(Broken, match="cannot embed"):
        asked(tmp_path, toy, TEXTS[:1])


def test_vectors_of_another_length_meanwhile_are_refused() -> None:
    rows = {0: np.ones(3, np.float32), 1: np.ones(4, np.float32)}

    with pytest.raises(Broken, match="cannot compare"):
        stacked(rows, {}, 2, "model")


def test_a_budget_that_is_too_small_ends_it_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    with serving(Toy()) as toy:
        with pytest.raises(OutOfBudget, match="embedding the prompts"):
            asked(tmp_path, toy, cap=Cap(calls=2))
        paid = len(toy.asked)
        asked(tmp_path, toy)

    assert 0 < paid < 3
    assert len(toy.asked) == 3


def test_a_dead_endpoint_is_no_vector(tmp_path: Path) -> None:
    toy = Toy(status=500)
    with serving(toy), pytest.raises(Broken, match="cannot embed"):
        asked(tmp_path, toy)


def given(folder: Path, rows: object, places: list[int], records: int) -> Embedded:
    np.save(folder / "v.npy", rows)
    how = Embeddings(vectors="v.npy")
    with room(folder, Toy(url="http://127.0.0.1:1/v1")) as here:
        return embedded(["text"] * len(places), places, how, here, records=records)


def test_given_vectors_are_those_of_the_records(tmp_path: Path) -> None:
    rows = np.array([[1, 0], [0, 2], [0, 0], [3, 4], [np.nan, 1]], np.float64)

    found = given(tmp_path, rows, [1, 2, 3, 4], 5)

    assert found.vectors == pytest.approx(np.array([[0, 1], [0, 0], [0.6, 0.8], [0, 0]]))
    assert list(found.lacking) == [1, 3]


@pytest.mark.parametrize(
    ("rows", "records"),
    [
        (np.ones((3, 2)), 4),
        (np.ones(4), 4),
        (np.ones((4, 2), np.int64), 4),
        (np.zeros((4, 2)), 4),
        (np.array([{}, {}, {}, {}], dtype=object), 4),
    ],
)
def test_vectors_that_are_not_one_a_record_are_refused(
    tmp_path: Path, rows: object, records: int
) -> None:
    with pytest.raises(InputError, match=r"v\.npy"):
        given(tmp_path, rows, [0, 1], records)


def test_a_model_in_a_folder_pools_the_mean_of_its_last_layer(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from transformers import AutoModel, AutoTokenizer

    from infra.examples.tiny_model import tiny_llama

    tiny_llama(tmp_path / "tiny", ["sql", "query", "index", "number", "music"])
    texts = ["sql query", "music", "sql query index number"]
    with room(tmp_path, Toy(url="http://127.0.0.1:1/v1")) as here:
        how = Embeddings(folder="tiny", batch=2)
        found = embedded(texts, [0, 1, 2], how, here, records=3)
        again = embedded(texts[:2], [0, 1], how, here, records=3)

    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "tiny")
    model = AutoModel.from_pretrained(tmp_path / "tiny").eval()
    with torch.inference_mode():
        sent = [tokenizer(t, return_tensors="pt", return_token_type_ids=False) for t in texts]
        means = [model(**each).last_hidden_state[0].mean(0).numpy() for each in sent]
    assert found.vectors == pytest.approx(normed(np.array(means)), abs=1e-4)
    assert (again.vectors == found.vectors[:2]).all()


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with (
        room(tmp_path, Toy(url="http://127.0.0.1:1/v1")) as here,
        pytest.raises(InputError, match=r"config\.json|embed"),
    ):
        embedded(["text"], [0], Embeddings(folder="none"), here, records=1)


@pytest.mark.parametrize("said", [{}, {"endpoint": "a", "folder": "b"}])
def test_a_recipe_names_one_source_of_vectors(said: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        Embeddings.model_validate(said)
