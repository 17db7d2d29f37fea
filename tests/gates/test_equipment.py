"""Whatever a kind of task needs is told when it is absent, with the command that fetches it."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from gates.doctor import Examined, examine
from gates.equipment import Equipment, equipment_of, equipment_of_judges
from policies.benchmark_tasks import (
    BenchmarkTask,
    Contamination,
    GroundingTask,
    Harness,
    HarnessTask,
    RewardTask,
    Rubric,
    RubricTask,
    Scorer,
)
from policies.plan import OfflineTask
from policies.safety_tasks import (
    ExtractionTask,
    HarmDetector,
    HarmTask,
    MemorizationTask,
    Precision,
    RefusalTask,
    ToxicityTask,
)
from policies.side_by_side import SideBySidePlan
from tests.fakes.workplace import Workplace, policy_text
from tests.stages.offline.harness.installed import install_lm_eval

JUDGE = '[endpoints.j]\nbase_url = "http://j.example/v1"\nmodel = "m"\n'
KEYED = JUDGE + 'api_key_env = "J_KEY"\n'
TOXICITY = ToxicityTask(data="x", classifier="detoxify/original")
ZST = ("corpus.jsonl.zst",)


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    real = importlib.util.find_spec

    def hide(library: str) -> None:
        monkeypatch.setattr(
            importlib.util,
            "find_spec",
            lambda name, package=None: None if name == library else real(name, package),
        )

    return hide


def lacking(place: Workplace, task: OfflineTask) -> list[Equipment]:
    return [need for need in equipment_of(task, place.services) if not need.there]


@pytest.mark.parametrize(
    ("library", "task", "extra"),
    [
        ("detoxify", TOXICITY, "toxicity"),
        ("torch", TOXICITY, "toxicity"),
        *(
            (name, TOXICITY.model_copy(update={"precision": precision}), "fast-toxicity")
            for precision in (Precision.ONNX, Precision.ONNX_INT8)
            for name in ("onnx", "onnxruntime", "onnxscript")
        ),
        ("transformers", RewardTask(data="x", reward="folder"), "toxicity"),
        ("rapidfuzz", ExtractionTask(data="x", extraction_tokens=50), "scan"),
        ("sacrebleu", ExtractionTask(data="x", extraction_tokens=50), "scan"),
        ("tokenizers", ExtractionTask(data="x", extraction_tokens=5, tokenizer="t"), "toxicity"),
        ("zstandard", MemorizationTask(data="x", corpus=ZST), "scan"),
        (
            "zstandard",
            BenchmarkTask(data="x", scorer=Scorer.EXACT, contamination=Contamination(corpus=ZST)),
            "scan",
        ),
    ],
)
def test_a_library_that_is_absent_is_told_with_its_extra(
    place: Workplace,
    without: Callable[[str], None],
    library: str,
    task: OfflineTask,
    extra: str,
) -> None:
    (place.folder / "policies" / "folder").mkdir()
    assert lacking(place, task) == []
    without(library)
    (lack,) = lacking(place, task)
    assert lack.sentence == f"{library} is not installed"
    assert lack.fix == f'pip install "checkpoint-gate[{extra}]"'


def test_without_numba_a_search_is_slower_and_no_worse(
    place: Workplace, without: Callable[[str], None]
) -> None:
    without("numba")
    task = MemorizationTask(data="x", corpus=("corpus.txt",))
    assert lacking(place, task) == []
    (said,) = equipment_of(task, place.services)
    assert "slower" in said.sentence


@pytest.mark.parametrize(
    "task",
    [
        RubricTask(data="x", rubric=(Rubric.RELEVANCE,), judge="j"),
        GroundingTask(data="x", grounding="j"),
        HarmTask(data="x", harm=HarmDetector.LLAMA_GUARD, endpoint="j"),
        RefusalTask(data="x", refusal="j"),
        RewardTask(data="x", reward="j"),
    ],
)
def test_an_endpoint_that_a_task_names_is_known_and_its_key_set(
    place: Workplace, task: OfflineTask
) -> None:
    (unknown,) = lacking(place, task)
    assert unknown.sentence == "gate.toml knows no endpoint `j`"
    assert unknown.fix.startswith("add [endpoints.j]")
    place.toml(JUDGE)
    assert lacking(place, task) == []
    place.toml(KEYED)
    (unset,) = lacking(place, task)
    assert unset.fix == "export J_KEY=..."
    place.environment = {"J_KEY": "k"}
    assert lacking(place, task) == []


def test_the_rules_of_refusals_need_nobody(place: Workplace) -> None:
    assert list(equipment_of(RefusalTask(data="x", refusal="rules"), place.services)) == []


def test_a_harness_that_is_to_be_run_is_installed_or_the_command_is_told(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.prefix", str(place.folder / "elsewhere" / ".venv"))
    task = HarnessTask(harness=Harness.LM_EVAL, task="sums")
    (absent,) = lacking(place, task)
    assert "make lm-eval" in absent.fix
    assert list(equipment_of(task.model_copy(update={"results": "r"}), place.services)) == []
    install_lm_eval(place.folder)
    assert lacking(place, task) == []


@pytest.mark.parametrize("task", [TOXICITY, MemorizationTask(data="x", corpus=("c.txt",))])
def test_ray_is_needed_where_the_workspace_says_so(
    place: Workplace, without: Callable[[str], None], task: OfflineTask
) -> None:
    without("ray")
    assert lacking(place, task) == []
    place.toml('[compute]\nray = "local"\n')
    (lack,) = lacking(place, task)
    assert lack.fix == 'pip install "checkpoint-gate[ray]"'


def test_doctor_tells_every_need_once(place: Workplace) -> None:
    task = "{data: ../data/sums.jsonl, grounding: j}"
    plan = f"offline: {{a: {task}, b: {task}}}"
    never = "{metric: a.hallucinated, at_most: 0.1, severity: blocking, because: x}"
    place.policy(policy_text((plan,), (never,)))
    found: list[Examined] = [e for e in examine(place.services) if "endpoint" in e.sentence]
    assert [(e.name, e.healthy) for e in found] == [("policy release: a", False)]


def test_a_panel_needs_its_endpoints_and_their_keys(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    place.toml('[endpoints.j]\nbase_url = "http://j/v1"\nmodel = "m"\napi_key_env = "J_KEY"\n')
    plan = SideBySidePlan.model_validate({"votes_at_most": 4, "judges": ["j", "k"]})
    keyless, unknown = equipment_of_judges(plan, place.services)
    assert (keyless.there, unknown.there) == (False, False)
    assert "key of endpoint `j` is not set" in keyless.sentence
    assert "knows no endpoint `k`" in unknown.sentence
