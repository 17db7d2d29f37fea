"""The page on JSON names every key that a command prints."""

from collections.abc import Iterator, Mapping

import pytest

from gates.promotion.answer import Answer
from gates.reports.decision_json import decision_schema
from policies.diff import Effect
from tests.docs.json_commands import calls
from tests.docs.page import read, rows, section
from tests.fakes.shell import said

PAGE = read("json.md")
ELSEWHERE = (
    "rule",
    *("changes[].old", "changes[].new", "decision", "registered[].tags", "tags"),
    "versions[].decision",
    *("rate", "restricted", "cost", "entry", "measurements[].measured", "task"),
    *("stages[].to_baseline", "stages[].pinned", "stages[].judging", "judges[].tests[].cost"),
    *("corpus.tests[].contaminated", "endpoint.order.difference"),
    *("auc", "bins[].harmful", "recommended"),
    *(f"thresholds[].{share}" for share in ("sensitivity", "specificity", "precision")),
    *("endpoint.min_k.mean", "endpoint.min_k.beyond_unseen"),
    "separability.share",
    *(
        f"people.{what}"
        for what in ("strict_agreement", "agreement", "brier", "log_loss", "spearman")
    ),
    *(
        "candidates[].lacks",
        "lacks",
        "stopped",
        "agreement",
        "refused",
        "flagged",
        "models[].flagged",
    ),
    *("tie_parameter", "models[].rating", "models[].win_rate", "models[].controlled", "style"),
    "looks[].difference",
    *(
        "trust",
        "heads",
        "alpha",
        "labels",
        "voters[].first_position",
        "matrix[].share",
        "models[].share",
    ),
    *("saved.votes", "saved.usd", "correlations[].seen", "correlations[].true"),
    *("correlations[].left_out", "stages[].verdicts", "stages[].looks"),
    *("metrics[].points[].measured", "metrics[].course"),
    *("cost_so_far", "decisions"),
    *("then", "records[].says", "chains[].void", "moves[].override"),
    *("steps[].left_out", "criteria_met", "graders_alpha", "rankings[].figures"),
    *("drift.exact_overlap", "drift.near_overlap", "drift.embedding", "drift.topics[].change"),
    *(f"compared[].{what}" for what in ("closer_to_people", "spearman", "alpha")),
    "pairs.dropped",
    *(f"judges[].measurements[].{what}" for what in ("measured", "over_previous", "over_untaught")),
    *("grades[].measurements[].measured", "grades[].base", "grades[].reference"),
    *(f"grades[].cells[].{what}" for what in ("pgr", "resampled", "cost", "wasted")),
    *(f"ranking.{what}" for what in ("components", "explained", "solving")),
)
"""Described by a schema of their own, as of the shape of another, or free."""
RANGE = {"low", "high"}


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """One document of every schema, from a workspace whose checkpoints are recorded."""
    folder = tmp_path_factory.mktemp("json")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "GATE_STATE", "GITHUB_ACTIONS"):
            patch.delenv(name, raising=False)
        patch.setenv("GATE_ALLOW_LOCAL_STATE", "1")
        patch.chdir(folder)
        documents = [said(*call, "--json").json for call in calls(folder)]
    return {str(document["schema"]): document for document in documents}


def keys(document: object, at: str = "") -> Iterator[str]:
    """Every path of a document: `versions[].candidate`."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            path = f"{at}.{key}" if at else key
            yield path
            if path not in ELSEWHERE and not _is_range(value):
                yield from keys(value, path)
    elif isinstance(document, list):
        for entry in document:
            yield from keys(entry, f"{at}[]")


def _is_range(value: object) -> bool:
    return isinstance(value, Mapping) and value.keys() == RANGE


def test_every_schema_is_printed_and_described(printed: dict[str, dict[str, object]]) -> None:
    assert set(rows(section(PAGE, "Documents"))) == set(printed)


def test_every_key_is_described(printed: dict[str, dict[str, object]]) -> None:
    for schema, document in printed.items():
        if schema == "gate.decision/1":
            continue
        described = set(rows(section(PAGE, rows(section(PAGE, "Documents"))[schema][1])))
        assert described | {"schema"} == set(keys(document)), schema


def test_every_key_of_a_decision_is_in_its_schema() -> None:
    text = section(PAGE, "A decision")
    for definition in decision_schema()["$defs"].values():  # type: ignore[union-attr]
        for name in definition.get("properties", {}):  # type: ignore[union-attr]
            assert f"`{name}`" in text, name


def test_every_answer_and_effect_is_named() -> None:
    for answer in Answer:
        assert f"`{answer}`" in section(PAGE, "A promotion")
    for effect in Effect:
        assert f"`{effect}`" in section(PAGE, "A policy diff")
