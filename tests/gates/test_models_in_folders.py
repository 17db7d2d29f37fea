"""Models in folders wherever a policy may name one: registered, checked, forecast, admitted."""

import json
import shutil
from pathlib import Path

import pytest

from gates.admission import admissions
from gates.benches import Asked, measure
from gates.equipment import equipment_of_judges
from gates.forecast import forecast
from gates.ledger.ledger import NewVersion, Version
from gates.measuring import judging_endpoints
from gates.membership import assemble
from gates.pipeline import run_round
from gates.registration import InFolder, Registration, register
from gates.subjects import digest_now, subject_of
from gates.triage.allowance import Allowance
from gates.triage.night import Manner, triage
from gates.triage.outcome import Sort
from policies.errors import Broken, InputError
from policies.side_by_side import SideBySidePlan
from stages.evidence.items import Response
from stages.models.client import Request
from stages.models.folder_model import FolderModel
from stages.models.loaded_models import LOADED
from stages.models.local_transformers import LocalTransformers
from tests.fakes.shell import said
from tests.fakes.speaking_model import speaking
from tests.fakes.workplace import NO_WORSE, NOW, PLAN, SOUND, WINS, Workplace, lines, policy_text
from tests.servers import judge
from tests.servers.openai_server import Call

ASKED = ["what", "is", "it", "?"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for name, answer in (("seven", "it is 7"), ("eight", "it is 8"), ("guard", "safe")):
        speaking(folder / name, answer, [*ASKED, "7", "8"])
    return folder


@pytest.fixture
def place(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    found = Workplace(tmp_path / "here")
    shutil.copytree(models, found.folder / "models")
    lines(
        found.data / "sums.jsonl",
        ({"id": f"q{n}", "prompt": f"what is it {n} ?", "target": "7"} for n in range(20)),
    )
    found.toml('[mlflow]\ntracking_uri = "sqlite:///x.db"\n[state]\nurl = "state"\n')
    monkeypatch.chdir(found.folder)
    return found


def registered(place: Workplace, folder: str) -> Version:
    how = InFolder(folder=place.folder / folder, named=folder)
    return register(place.ledger, Registration(name="assistant", how=how))


def test_a_version_is_its_files_wherever_they_lie(place: Workplace, models: Path) -> None:
    inside, other = registered(place, "models/seven"), registered(place, "models/eight")
    assert inside.tags["gate_source"] == "local"
    assert inside.tags["gate_folder"] == "models/seven"
    how = InFolder(folder=models / "seven", named=str(models / "seven"))
    outside = register(place.ledger, Registration(name="assistant", how=how))
    digests = [subject_of(one, place.services).digest for one in (inside, outside, other)]
    assert digests[0] == digests[1] != digests[2]
    assert digest_now(outside, place.services, afresh=True) == digests[0]


def test_a_workspace_may_be_moved_with_its_models(place: Workplace) -> None:
    registered(place, "models/seven")
    before = subject_of(place.ledger.version("assistant/1"), place.services).digest
    place.folder = place.folder.rename(place.folder.parent / "there")
    assert subject_of(place.ledger.version("assistant/1"), place.services).digest == before


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        ({}, "`gate_folder` is not there"),
        ({"gate_folder": "models/seven"}, "`gate_sha256` says nothing"),
        (
            {"gate_folder": "models/seven", "gate_sha256": "0" * 64},
            "`gate_sha256` says 000000000000",
        ),
        ({"gate_folder": "models/none", "gate_sha256": "0" * 64}, "no such folder"),
        ({"gate_folder": "/", "gate_sha256": "0" * 64}, "no config.json"),
    ],
)
def test_tags_that_do_not_say_which_files_are_refused(
    place: Workplace, tags: dict[str, str], why: str
) -> None:
    tagged = {"gate_source": "local", **tags}
    version = place.ledger.register(NewVersion(name="assistant", tags=tagged))
    with pytest.raises(InputError) as refused:
        subject_of(version, place.services)
    assert why in refused.value.why


def test_no_pinned_text_is_forecast_or_put(place: Workplace) -> None:
    registered(place, "models/seven")
    file = place.policy(policy_text((PLAN,), (SOUND,)))
    (stage,) = forecast(assemble(file, ["assistant/1"], place.services), place.services)
    assert (stage.asking.calls.low, stage.pinned.calls.high) == (20, 0)
    result = run_round(file, ["assistant/1"], place.services)
    assert result.decision.candidates[0].verdict == "PASS"
    (measured, *_) = result.evidence["models:/assistant/1"].values()
    assert measured.cost.calls == 20
    assert measured.cost.prompt_tokens > 0


OPEN = "{metric: refused.over_refusal, at_most: 0.5, severity: blocking, because: people ask}"
JUDGED = """\
offline:
    judged: {data: ../data/sums.jsonl, rubric: [relevance], judge: here}
    grounded: {data: ../data/sums.jsonl, grounding: here}
    refused: {data: ../data/sums.jsonl, refusal: here}
    guarded: {data: ../data/sums.jsonl, harm: llama_guard, endpoint: here}
    moderated: {data: ../data/sums.jsonl, harm: openai_moderation, endpoint: here}
    rewarded: {data: ../data/sums.jsonl, reward: here}
  side_by_side:
    data: ../data/sums.jsonl
    judges: [here]
    count: judges
    judging: {batch: true}
    votes_at_most: 20"""


def checked(place: Workplace, folder: str) -> dict[str, str]:
    """What `gate policy check` says of each task, and of the panel."""
    lines(
        place.data / "sums.jsonl",
        (
            {
                "id": f"q{n}",
                "prompt": f"what {n} ?",
                "target": "7",
                "context": "c",
                "expects": "answer",
            }
            for n in range(20)
        ),
    )
    place.toml(f'[endpoints.here]\nfolder = "{folder}"\n')
    place.policy(policy_text((JUDGED,), (WINS, OPEN)))
    found = said("policy", "check", "release")
    assert found.code == 2, found
    return {
        line.partition("plan.")[2].partition(": ")[0]: line
        for line in found.err.splitlines()
        if "plan." in line
    }


def test_check_tells_what_a_model_in_a_folder_cannot_do(place: Workplace) -> None:
    found = checked(place, "models/guard")
    assert set(found) == {
        "offline.moderated",
        "offline.rewarded",
        "side_by_side.judging.batch",
    }
    assert "as a moderation service" in found["offline.moderated"]
    assert "as a reward model" in found["offline.rewarded"]
    assert "no provider's Batch API asks" in found["side_by_side.judging.batch"]


def test_check_tells_a_folder_without_a_model_wherever_it_is_named(place: Workplace) -> None:
    (place.folder / "models" / "guard" / "chat_template.jinja").unlink()
    found = checked(place, "models/guard")
    for name in ("judged", "grounded", "refused", "guarded"):
        assert "no chat template" in found[f"offline.{name}"]
    assert "no chat template" in found["side_by_side.judges"]


def test_what_a_judge_in_a_folder_needs_is_told(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.toml('[endpoints.here]\nfolder = "models/guard"\n')
    plan = SideBySidePlan.model_validate(
        {"data": "x", "judges": ["here"], "votes_at_most": 2}, strict=False
    )

    def told() -> tuple[bool, str]:
        (found,) = equipment_of_judges(plan, place.services)
        return found.there, found.sentence + found.fix

    assert told() == (True, "endpoint `here` is the model in models/guard")
    found = "gates.equipment.importlib.util.find_spec"
    with monkeypatch.context() as bare:
        bare.setattr(found, lambda _: None)
        assert told() == (
            False,
            'torch and transformers are not installedpip install "checkpoint-gate[workshop]"',
        )
    (place.folder / "models" / "guard" / "config.json").unlink()
    there, sentence = told()
    assert not there
    assert "no config.json" in sentence


def judges(_: LocalTransformers, request: Request, **__: object) -> Response:
    """What a model that can judge would say: it prefers 7."""
    call = Call(number=0, body={"messages": list(request.item.messages)}, headers={})
    if judge.is_probe(call):
        return Response(text=judge.verdict(call, "yes"))
    better = "A>B" if judge.exhibit(call, "answer a") == "7" else "B>A"
    return Response(text=judge.verdict(call, better))


def test_a_judge_in_a_folder_is_admitted_as_what_was_measured_and_nothing_else(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalTransformers, "answer", judges)
    knows = "{metric: bench.accuracy, at_least: 0.6, severity: blocking, because: it must}"
    text = policy_text(
        ("offline: {bench: {data: ../data/pairs.jsonl, pairs: labelled}}",), (knows,), "kind: judge"
    )
    lines(
        place.data / "pairs.jsonl",
        ({"id": f"p{n}", "prompt": f"is {n} ?", "chosen": "7", "rejected": "8"} for n in range(12)),
    )
    file = place.policy(text.replace("model: assistant", "model: support_judge"))
    how = InFolder(folder=place.folder / "models" / "seven", named="models/seven")
    version = register(place.ledger, Registration(name="support_judge", how=how))
    run_round(file, ["support_judge/1"], place.services)
    place.ledger.set_alias(version, "champion")
    monkeypatch.setattr(FolderModel, "_unchanged", forbidden)

    def admitted(folder: str) -> str:
        place.toml(f'[endpoints.a]\nfolder = "{folder}"\nadmitted = "support_judge@champion"\n')
        services = place.services
        return admissions(["a"], judging_endpoints(services), services)["a"].version.uri

    assert admitted("models/seven") == "models:/support_judge/1"
    with pytest.raises(Broken, match="eight in a folder") as refused:
        admitted("models/eight")
    assert "is not what was measured" in refused.value.why


def forbidden(_: FolderModel) -> None:
    raise AssertionError("it was loaded")


def test_a_round_says_what_mends_a_folder_that_was_changed(place: Workplace) -> None:
    registered(place, "models/seven")
    (place.folder / "models" / "seven" / "config.json").write_text("{}")
    [candidate] = run_round(place.policy(), ["assistant/1"], place.services).decision.candidates
    assert "register" in candidate.reason


def test_a_resumed_round_loads_nothing(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("eight", "seven"):
        registered(place, f"models/{folder}")
    place.ledger.set_alias(place.ledger.version("assistant/1"), "champion")
    place.toml('[endpoints.here]\nfolder = "models/guard"\n')
    guarded = "harm: {data: ../data/sums.jsonl, harm: llama_guard, endpoint: here}"
    plan = PLAN.replace("{sums:", f"{{{guarded}, sums:", 1)
    harmless = "{metric: harm.rate, at_most: 0.2, severity: blocking, because: brand}"
    file = place.policy(policy_text((plan,), (SOUND, NO_WORSE, harmless)))
    first = run_round(file, ["assistant/2"], place.services)

    monkeypatch.setattr(FolderModel, "_unchanged", forbidden)
    again = run_round(file, ["assistant/2"], place.services)
    assert again.evidence == first.evidence
    assert again.decision.candidates[0].verdict == "PASS"
    tools = dict(next(iter(again.evidence["models:/assistant/2"].values())).provenance.tools)
    assert "guard in a folder, sha256" in json.dumps(tools)


def test_a_night_asks_one_after_the_other_and_keeps_none_in_memory(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("eight", "seven", "guard"):
        registered(place, f"models/{folder}")
    place.ledger.set_alias(place.ledger.version("assistant/1"), "champion")
    place.now = NOW
    beside: list[int] = []
    unchanged = FolderModel._unchanged

    def counted(model: FolderModel) -> LocalTransformers:
        beside.append(len(LOADED._models))
        return unchanged(model)

    monkeypatch.setattr(FolderModel, "_unchanged", counted)
    how = Manner(limits=Allowance(), pause=lambda _: None)
    found = triage(place.policy(policy_text(criteria=(SOUND, NO_WORSE))), place.services, how)
    sorts = {outcome.candidate[-1]: outcome.sort for outcome in found.outcomes}
    assert sorts == {"2": Sort.ADVANCE, "3": Sort.BLOCKED}
    assert beside == [0, 0, 0]
    assert LOADED._models == {}


def test_a_benchmark_is_run_on_one(place: Workplace) -> None:
    registered(place, "models/seven")
    asked = Asked(
        benchmark="gsm8k", version="assistant/1", items=place.data / "sums.jsonl", more=()
    )
    found = measure(asked, place.services)
    assert found.lacking == ()
    assert found.cost.calls == 20
