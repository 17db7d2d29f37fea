"""`gate policy replay`, and `gate policy diff` as the comment on a pull request."""

import pytest

from gates.pipeline import run_round
from tests.fakes.shell import said
from tests.fakes.workplace import NO_WORSE, PLAN, SOUND, VOTED, WINS, Workplace, policy_text
from tests.gates.cli.golden import golden

WHOLE = policy_text((PLAN, VOTED), (SOUND, NO_WORSE, WINS))
TIGHTER = WHOLE.replace("at_least: 0.4", "at_least: 0.99")
FURTHER = WHOLE.replace("at_least: 0.6", "at_least: 0.1").replace("margin: 0.3", "margin: 0.9")
BOTH = FURTHER.replace("at_least: 0.4", "at_least: 0.99")


@pytest.fixture(autouse=True)
def _decided(place: Workplace) -> None:
    """A champion, one that passed, one that failed."""
    place.champion()
    place.recorded()
    place.recorded(wrong_every=2)
    place.votes()
    run_round(place.policy(WHOLE), [], place.services)


@pytest.mark.parametrize(
    ("text", "code"), [(WHOLE, 0), (TIGHTER, 1), (FURTHER, 3), (BOTH, 1)], ids=str
)
def test_the_exit_code_says_whether_decisions_stay(place: Workplace, text: str, code: int) -> None:
    place.policy(text, name="new")
    found = said("policy", "replay", "new")
    assert (found.code, found.err) == (code, "")
    as_json = said("policy", "replay", "new", "--json")
    assert (as_json.code, as_json.schema) == (code, "gate.policy-replay/1")


def test_flips_and_what_lacks_evidence_are_told_with_their_reasons(place: Workplace) -> None:
    place.policy(BOTH, name="new")
    found = said("policy", "replay", "new")
    assert found.out == golden("policy_replay.txt", found.out)


def test_json_lists_what_changes_and_counts_what_stays(place: Workplace) -> None:
    place.policy(TIGHTER, name="new")
    found = said("policy", "replay", "new", "--json").json
    assert (found["unchanged"], found["lacks"], found["instead_of"]) == (1, [], "release")
    (flip,) = found["flips"]  # type: ignore[misc] # a list of one
    assert flip["candidate"] == "models:/assistant/2"
    assert (flip["before"], flip["after"]) == ("PASS", "FAIL")
    (criterion,) = flip["criteria"]
    assert (criterion["demanded"], criterion["demands"]) == ("at least 40.0 %", "at least 99.0 %")


def test_only_decisions_since_a_span_are_replayed(place: Workplace) -> None:
    place.later(days=3)
    place.policy(TIGHTER, name="new")
    assert said("policy", "replay", "new", "--since", "72h").code == 1
    shorter = said("policy", "replay", "new", "--since", "2d")
    assert shorter.code == 3
    assert shorter.out.startswith("0 decisions replayed: none is recorded under that name")
    assert said("policy", "replay", "new", "--since", "1w").code == 1
    wrong = said("policy", "replay", "new", "--since", "soon")
    assert (wrong.code, "24h, 180d or 26w" in wrong.err) == (2, True)


def test_nothing_replayed_is_never_a_yes(place: Workplace) -> None:
    place.policy(WHOLE, name="new")
    assert said("policy", "replay", "new").code == 0
    assert said("policy", "replay", "new", "--instead-of", "relase").code == 3


def test_a_policy_of_another_name_says_what_it_replaces(place: Workplace) -> None:
    place.policy(TIGHTER.replace("release", "strict"), name="strict")
    assert said("policy", "replay", "strict").out.startswith("0 decisions replayed")
    assert said("policy", "replay", "strict", "--instead-of", "release").code == 1


def test_the_comment_says_what_loosens_first_and_what_is_measured_anew(place: Workplace) -> None:
    changed = FURTHER.replace("votes_at_most: 40", "votes_at_most: 80").replace(
        "because: people mind", "because: '| people @mind <b>'"
    )
    place.policy(changed, name="new")
    found = said("policy", "diff", "release", "new", "--markdown")
    assert (found.code, found.err) == (1, "")
    assert found.out == golden("policy_diff.md", found.out)


def test_the_comment_has_the_replay_when_it_is_asked_for(place: Workplace) -> None:
    place.policy(BOTH, name="new")
    found = said("policy", "diff", "release", "new", "--markdown", "--replay", "--since", "30d")
    assert found.code == 1
    assert found.out == golden("policy_diff_replayed.md", found.out)


def test_the_comment_on_no_change_is_short() -> None:
    found = said("policy", "diff", "release", "policies/release.yaml", "--markdown")
    assert found.code == 0
    assert "demands the same" in found.out
    assert "Nothing is measured anew" in found.out


def test_a_long_replay_is_cut_and_says_so(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gates.replay.comment.SHOWN", 1)
    place.policy(BOTH, name="new")
    found = said("policy", "diff", "release", "new", "--markdown", "--replay")
    assert found.out.endswith("and 1 more: `gate policy replay` lists them all.\n")


def test_a_running_ab_is_named_where_its_terms_change(place: Workplace) -> None:
    online = (
        "online: {moments: ../data/moments.csv, metrics: {resolved: {kind: proportion}}, "
        "primary: resolved, looks: [7, 14], planned_units: 8000}"
    )
    ships = "{metric: online.resolved, better: {}, severity: blocking, because: product}"
    place.policy(policy_text((PLAN, online), (SOUND, ships)), name="old")
    slower = online.replace("8000", "9000")
    place.policy(policy_text((PLAN, slower), (SOUND, ships)), name="new")
    found = said("policy", "diff", "old", "new", "--markdown").out
    assert "A running A/B keeps the plan and criteria that were registered" in found


@pytest.mark.parametrize(
    "options",
    [("--markdown", "--json"), ("--replay",), ("--since", "3d"), ("--markdown", "--since", "3d")],
)
def test_options_that_do_not_fit_are_wrong_usage(options: tuple[str, ...]) -> None:
    assert said("policy", "diff", "release", "release", *options).code == 2
