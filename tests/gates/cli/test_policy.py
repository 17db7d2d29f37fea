"""`gate policy`: what a release manager reads before anything is measured."""

import json
from pathlib import Path

import pytest

from tests.fakes.shell import said
from tests.fakes.workplace import (
    NO_WORSE,
    PLAN,
    SHIPS,
    SOUND,
    TRAFFIC,
    VOTED,
    WINS,
    Workplace,
    lines,
    policy_text,
    sums,
)
from tests.gates.cli.golden import golden


@pytest.fixture(autouse=True)
def corpus(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the policies name is there; no classifier was ever fetched."""
    (place.data / "corpus.txt").write_text("A corpus of one line, in which nothing is recited.\n")
    monkeypatch.setenv("TORCH_HOME", str(place.folder / "torch"))


NARROW = "{metric: sums.accuracy, non_inferior: {margin: 0.03}, severity: blocking, because: it}"
TASKS = (
    "offline: {sums: {data: ../data/sums.jsonl, scorer: numeric, cluster: page}, "
    "rude: {data: ../data/sums.jsonl, classifier: detoxify/original}, "
    "recital: {data: ../data/sums.jsonl, corpus: [../data/corpus.txt]}}"
)
WHOLE = policy_text(
    (TASKS, VOTED, TRAFFIC),
    (
        SOUND,
        NARROW,
        "{metric: rude.rate, at_most: 0.01, severity: blocking, because: brand}",
        "{metric: recital.rate, at_most: 0.2, severity: advisory, because: licence}",
        WINS,
        SHIPS,
    ),
    more="budget: {usd_at_most: 1234.5, calls_at_most: 20000}\n"
    "keep: {offline: {most: 2, by: sums.accuracy}}",
)


def test_check_says_what_the_samples_can_show(place: Workplace) -> None:
    place.policy(WHOLE)
    found = said("policy", "check", "release")
    assert (found.code, found.err) == (0, "")
    assert found.out.replace(str(place.folder), "FOLDER") == golden(
        "policy_check.txt", found.out.replace(str(place.folder), "FOLDER")
    )


def test_explain_says_what_is_measured_and_demanded_and_why(place: Workplace) -> None:
    place.policy(WHOLE)
    found = said("policy", "explain", "release")
    assert (found.code, found.err) == (0, "")
    assert found.out == golden("policy_explain.txt", found.out)


def test_explain_says_that_all_is_measured_of_the_blocked_too(place: Workplace) -> None:
    place.policy(WHOLE)
    assert "blocked already" not in said("policy", "explain", "release").out
    place.policy(WHOLE.replace("budget:", "whole_picture: true\nbudget:"))
    assert "also of a candidate that is blocked already" in said("policy", "explain", "release").out


def test_diff_says_what_tightens_and_what_loosens(place: Workplace) -> None:
    place.policy(WHOLE)
    changed = WHOLE.replace("at_most: 0.01", "at_most: 0.02").replace("0.6,", "0.7,")
    changed = changed.replace("release", "newer").replace("cluster: page", "level: 0.9")
    place.policy(changed, name="newer")
    found = said("policy", "diff", "release", "newer")
    assert (found.code, found.err) == (1, "")
    assert found.out == golden("policy_diff.txt", found.out)


def test_diff_of_a_policy_with_itself_is_no_difference(place: Workplace) -> None:
    place.policy(WHOLE)
    found = said("policy", "diff", "release", "policies/release.yaml")
    assert (found.code, found.out) == (0, "no difference\n")


def test_check_warns_of_a_policy_that_selects_silence(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    harmless = "{metric: rude.rate, at_most: 0.01, severity: blocking, because: brand}"
    place.policy(policy_text((TASKS,), (harmless,)))
    found = said("policy", "check", "release")
    assert found.code == 0
    assert "\nWARNING this policy blocks on harm (rude.rate) and on nothing that" in found.out
    (warning,) = said("policy", "check", "release", "--json").json["warnings"]
    assert "it selects silence" in warning
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert "title=helpfulness" in said("policy", "check", "release").err
    place.policy(WHOLE)
    assert said("policy", "check", "release", "--json").json["warnings"] == []


def test_check_warns_of_random_votes_that_nothing_shows(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = "side_by_side: {data: ../data/sums.jsonl, votes_at_most: 20}"
    limit = "{metric: side_by_side.win_rate, at_least: 0.4, severity: blocking, because: people}"
    place.policy(policy_text((plan,), (limit,)))
    assert (
        "\nWARNING who votes at random pulls a win rate" in said("policy", "check", "release").out
    )
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert "title=gold" in said("policy", "check", "release").err


def test_check_warns_of_a_judge_that_is_not_admitted(place: Workplace) -> None:
    settings = (place.folder / "gate.toml").read_text()
    place.toml(
        f'{settings}\n[endpoints.judge_a]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
        'admitted = "support_judge@champion"\n'
    )
    lines(place.data / "chats.jsonl", ({"id": f"p{n}", "prompt": f"Say {n}"} for n in range(40)))
    judged = (
        "side_by_side: {data: ../data/chats.jsonl, votes_at_most: 40, count: judges, "
        "judges: [judge_a]}"
    )
    place.policy(policy_text((judged,), (WINS,)))
    found = said("policy", "check", "release")
    assert found.code == 0
    assert "WARNING judge judge_a is not admitted as support_judge@champion" in found.out
    assert "gate promote support_judge/VERSION --to champion" in found.out


def test_check_warns_of_a_detector_that_is_taken_at_its_word(place: Workplace) -> None:
    rude = "{data: ../data/sums.jsonl, classifier: detoxify/original, labelled: {data: l.jsonl}}"
    harmless = "{metric: rude.rate, at_most: 0.01, severity: blocking, because: brand}"
    file = place.policy(policy_text((f"offline: {{rude: {rude}}}",), (harmless,)))
    (file.path.parent / "l.jsonl").write_text(
        '{"id": "1", "text": "a", "harmful": true}\n{"id": "2", "text": "b", "harmful": false}\n',
        encoding="utf-8",
    )
    found = said("policy", "check", "release")
    assert "WARNING this policy blocks on rude.rate, which takes the detector" in found.out, found
    assert len(said("policy", "check", "release", "--json").json["warnings"]) == 2


WRONG = (
    "offline: {sums: {data: ../data/sums.jsonl, scorer: numeric, "
    "groups: {field: language, values: [de]}}, "
    "safe: {data: ../data/sums.jsonl, refusal: rules}, "
    "judged: {data: ../data/sums.jsonl, rubric: [relevance], judge: nobody}, "
    "code: {data: ../data/sums.jsonl, language: python}, "
    "rude: {data: ../data/sums.jsonl, classifier: tiny.ckpt, classifier_sha256: " + "a" * 64 + "}, "
    "recital: {data: ../data/sums.jsonl, corpus: [../data/absent.txt]}, "
    "gone: {data: ../data/gone.jsonl, scorer: exact}, "
    "run: {harness: garak, task: dan, results: ../results/{version}}}"
)


def test_check_tells_every_input_that_cannot_be_used_at_once(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.folder / "gate.toml").write_text("")
    text = policy_text((WRONG.replace("{version}", "VERSION"),), (NO_WORSE,))
    place.policy(text.replace("../results/VERSION", "'../results/{version}'"))
    found = said("policy", "check", "release")
    assert found.code == 2
    assert found.out == ""
    assert "8 problems" in found.err
    for name, why in (
        ("sums", "no item has `language: de`"),
        ("safe", "`expects`"),
        ("judged", "gate.toml knows no such endpoint"),
        ("code", "it has no `tests`"),
        ("rude", "No such file"),
        ("recital", "absent.txt"),
        ("gone", "there is no such file"),
        ("run", "cannot read the results of garak"),
    ):
        (line,) = [each for each in found.err.splitlines() if f"plan.offline.{name}: " in each]
        assert why in line
        assert "release.yaml:" in line
    as_json = said("policy", "check", "release", "--json")
    assert (as_json.code, as_json.schema) == (2, "gate.error/1")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert said("policy", "check", "release").err.count("::error ") == 8


def test_without_a_workspace_endpoints_are_only_named(place: Workplace) -> None:
    (place.folder / "gate.toml").unlink(missing_ok=True)
    judged = "offline: {sums: {data: ../data/sums.jsonl, rubric: [relevance], judge: someone}}"
    demand = "{metric: sums.relevance, at_least: 0.1, severity: blocking, because: x}"
    place.policy(policy_text((judged,), (demand,)))
    found = said("policy", "check", str(place.folder / "policies" / "release.yaml"))
    assert found.code == 0, found.err
    assert "note: sums cannot be told as a whole here: no gate.toml says where `someone` is" in (
        found.out
    )


def test_a_published_classifier_that_is_not_here_is_told_and_not_fetched(place: Workplace) -> None:
    place.policy(WHOLE)
    (told,) = said("policy", "check", "release", "--json").json["untold"]
    assert told["task"] == "rude"
    assert "the first round fetches it" in told["sentence"]
    assert not (place.folder / "torch").exists()


def test_each_answers_in_json_with_one_document(place: Workplace) -> None:
    place.policy(WHOLE)
    place.policy(policy_text().replace("release", "other"), name="other")
    assert said("policy", "check", "release", "--json").schema == "gate.policy-check/1"
    assert said("policy", "diff", "release", "other", "--json").schema == "gate.policy-diff/1"
    assert said("policy", "explain", "release", "--json").json["policy"] == "release"
    assert "$defs" in said("policy", "schema").json


def test_a_broken_policy_is_annotated_in_github_and_refused(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.folder / "policies" / "broken.yaml").write_text("policy: broken\nmodl: assistant\n")
    outside = said("policy", "check", "policies/broken.yaml")
    assert outside.code == 2
    assert "::error" not in outside.err
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    inside = said("policy", "check", "policies/broken.yaml", "--json")
    assert (inside.code, inside.schema) == (2, "gate.error/1")
    first = next(line for line in inside.err.splitlines() if line.startswith("::error"))
    assert "file=policies/broken.yaml,line=" in first
    assert "modl" in inside.err


def test_samples_that_are_too_small_are_warnings_in_github(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines(place.data / "sums.jsonl", sums(20))
    place.policy(policy_text(criteria=(NARROW,)))
    assert "::warning" not in said("policy", "check", "release").err
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    found = said("policy", "check", "release")
    assert found.code == 0
    (warning,) = found.err.splitlines()
    assert warning.startswith("::warning ")
    assert "title=sums.accuracy" in warning
    assert "20 items can show" in warning


def test_a_policy_is_found_by_name_and_by_path_and_from_a_folder_below(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.policy()
    assert said("policy", "explain", "release").code == 0
    assert said("policy", "explain", "policies/release.yaml").code == 0
    monkeypatch.chdir(place.data)
    assert said("policy", "explain", "release").code == 0
    missing = said("policy", "explain", "relaese")
    assert missing.code == 2
    assert "name one of: release" in missing.err


@pytest.mark.usefixtures("place")
def test_without_any_policy_it_says_what_writes_one() -> None:
    found = said("policy", "check", "release")
    assert found.code == 2
    assert "gate init writes a first one" in found.err
    assert not Path("state").exists()


def test_policies_beside_their_plan_alone_need_no_store(place: Workplace) -> None:
    place.toml("")
    place.policy(policy_text((PLAN,), (SOUND, NO_WORSE)))
    assert said("policy", "check", "release").code == 0
    assert json.loads(said("policy", "check", "release", "--json").out)["stages"]
