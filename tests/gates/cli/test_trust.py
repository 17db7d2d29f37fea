"""`gate trust`: begun, drafted, told, signed, and never believed without being signed."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.shell import said
from tests.fakes.workplace import Workplace


@pytest.fixture
def trusting(place: Workplace) -> Workplace:
    """A workspace that Ann trusts, with a policy."""
    place.policy()
    assert said("trust", "init", "--owner", "ann").code == 0
    return place


def changed(place: Workplace) -> None:
    """The policy becomes another."""
    file = place.folder / "policies" / "release.yaml"
    file.write_text(file.read_text("utf-8") + "keep: {}\nbudget: {usd_at_most: 5}\n", "utf-8")


def test_a_workspace_begins_to_trust_once(place: Workplace) -> None:
    place.policy()
    found = said("trust", "init", "--owner", "ann", "--json")
    assert (found.code, found.schema, found.json["owner"]) == (0, "gate.trust-init/1", "ann")
    assert all(Path(str(path)).is_file() for path in found.json["written"])  # type: ignore[union-attr, attr-defined]
    assert said("trust", "check").code == 0
    again = said("trust", "init")
    assert again.code == 2
    assert "has a trust file already" in again.err


def test_what_is_in_force_is_shown(trusting: Workplace) -> None:
    found = said("trust", "show")
    assert "version 1 (" in found.out
    assert "assistant@champion moves\n  after offline, side_by_side, online\n" in found.out
    assert "approve, decide, oncall, release, root" in found.out
    document = said("trust", "show", "--json")
    assert (document.schema, document.json["signed_by"]) == ("gate.trust-show/1", ["ann"])
    draft = said("trust", "show", "--draft").out
    assert draft == (trusting.folder / "trust.yaml").read_text("utf-8")


def test_a_policy_is_drafted_told_and_in_force_once_signed(trusting: Workplace) -> None:
    changed(trusting)
    assert "note: policy release (" in said("trust", "check").out
    trusting.now += timedelta(hours=1)
    allowed = said("trust", "allow", "assistant", "champion", "release", "--approvals", "1")
    assert allowed.code == 0
    assert "may move assistant@champion from" in allowed.out
    assert "note: the items of sums are not frozen: others, and easier ones," in allowed.out
    waiting = said("trust", "check")
    assert waiting.code == 1
    assert "the draft says what is not in force; gate trust sign would change:" in waiting.out
    assert "approvals 1; policy release" in waiting.out
    signed = said("trust", "sign")
    assert signed.code == 0
    assert "version 2 is in force, signed by ann" in signed.out
    assert said("trust", "check").out == "version 2 is in force, signed by ann\n"


JUDGE = """\
policy: judge_gate
kind: judge
model: assistant
plan:
  offline:
    bench: {data: ../data/pairs.jsonl, pairs: labelled}
criteria:
  - {metric: bench.accuracy, at_least: 0.7, severity: blocking, because: it must know}
"""


def test_a_judges_policy_demands_offline_alone_and_says_so(trusting: Workplace) -> None:
    trusting.policy(JUDGE, name="judge_gate")
    command = ("trust", "allow", "assistant", "champion", "judge_gate")
    for beside in (("--keep",), ("--from", "2099-01-01T00:00:00Z")):
        kept = said(*command, *beside)
        assert "once no other policy may move it, write `stages: [offline]`" in kept.out
        assert said(*command, *beside, "--json").json["stages"] == [
            "offline", "side_by_side", "online",
        ]  # fmt: skip
    allowed = said(*command)
    assert "note: `stages: [offline]` in trust.yaml: a judge's policy has no" in allowed.out
    assert 'stages: ["offline"]' in (trusting.folder / "trust.yaml").read_text("utf-8")
    assert said(*command, "--json").json["stages"] == ["offline"]
    release = said("trust", "allow", "assistant", "champion", "release")
    assert "note: the alias demands offline and no other stage: `stages`" in release.out


def test_a_judges_policy_that_gate_toml_names_demands_offline_from_the_beginning(
    place: Workplace,
) -> None:
    place.policy(JUDGE.replace("judge_gate", "release"))
    assert said("trust", "init", "--owner", "ann").code == 0
    assert "assistant@champion moves\n  after offline\n" in said("trust", "show").out


def test_what_is_frozen_is_allowed_without_a_note(trusting: Workplace) -> None:
    (open_task,) = said("policy", "check", "release", "--json").json["unfrozen"]  # type: ignore[misc]
    frozen = f", sha256: {open_task['sha256']}"  # type: ignore[index]
    file = trusting.folder / "policies" / "release.yaml"
    text = file.read_text()
    file.write_text(text.replace("data: ../data/sums.jsonl", f"data: ../data/sums.jsonl{frozen}"))
    assert "sha256" in file.read_text()
    allowed = said("trust", "allow", "assistant", "champion", "release")
    assert (allowed.code, "note" in allowed.out) == (0, False)
    again = said("trust", "allow", "assistant", "champion", "release", "--json")
    assert again.json["unfrozen"] == []


def test_json_says_the_same(trusting: Workplace) -> None:
    changed(trusting)
    since = "2099-01-01T00:00:00Z"
    arguments = ("assistant", "champion", "release", "--from", since, "--because", "less noise")
    allowed = said("trust", "allow", *arguments, "--keep", "--json")
    assert (allowed.schema, allowed.json["since"]) == (
        "gate.trust-allow/1", "2099-01-01T00:00:00+00:00",
    )  # fmt: skip
    checked = said("trust", "check", "--json")
    assert checked.schema == "gate.trust-check/1"
    assert len(checked.json["changes"]) == 1  # type: ignore[arg-type]
    signed = said("trust", "sign", "--json")
    assert signed.schema == "gate.trust-sign/1"
    assert (signed.json["in_force"], signed.json["needed"]) == (True, 1)


@pytest.mark.parametrize("since", ["soon", "2026-05-01T00:00:00"])
def test_a_time_without_a_zone_is_wrong_usage(trusting: Workplace, since: str) -> None:
    del trusting
    found = said("trust", "allow", "assistant", "champion", "release", "--from", since)
    assert found.code == 2
    assert since in found.err


def test_a_signature_that_waits_for_others_cannot_tell_yet(trusting: Workplace) -> None:
    assert said("keys", "new", "bob", "--role", "root").code == 0
    draft = trusting.folder / "trust.yaml"
    text = draft.read_text("utf-8")
    draft.write_text(text.replace("version: 1", "version: 1\nroot_threshold: 2"), encoding="utf-8")
    found = said("trust", "sign")
    assert found.code == 3
    assert "version 2 waits: 2 must sign, 1 did (ann)" in found.out
    assert said("trust", "show").out.startswith("version 1 ")
    bob = trusting.folder / ".gate" / "keys" / "bob.pem"
    unpinned = said("trust", "sign", "--key", str(bob))
    assert unpinned.code == 3
    assert "2 must sign, 1 did (ann)" in unpinned.out
    assert "note: the signature of bob does not count: [trust] keys in gate.toml" in unpinned.out
    keyid = said("trust", "sign", "--json").json["not_counted"][0].split('"')[1]  # type: ignore[index]
    settings = trusting.folder / "gate.toml"
    pinned = settings.read_text("utf-8").replace("keys = [", f'keys = ["{keyid}", ', 1)
    settings.write_text(pinned, encoding="utf-8")
    done = said("trust", "sign", "--key", str(bob))
    assert (done.code, "note:" in done.out) == (0, False), "as the note says"
    assert "version 2 is in force, signed by ann, bob" in done.out


def test_what_has_expired_is_not_signed_again_until_it_lasts_longer(trusting: Workplace) -> None:
    draft = trusting.folder / "trust.yaml"
    text = draft.read_text("utf-8")
    ends = 'version: 1\nexpires: "2026-03-02T00:00:00+00:00"'
    draft.write_text(text.replace("version: 1", ends), encoding="utf-8")
    assert said("trust", "sign").code == 0
    trusting.later(days=2)
    before = (trusting.folder / "trust.json").read_bytes()
    found = said("trust", "sign")
    assert (found.code, found.out) == (2, "")
    assert "it expired at 2026-03-02" in found.err
    assert "set a later `expires` in trust.yaml" in found.err
    assert (trusting.folder / "trust.json").read_bytes() == before
    draft.write_text(draft.read_text("utf-8").replace("2026-03-02", "2027-03-02"), "utf-8")
    assert "version 3 is in force, signed by ann" in said("trust", "sign").out
    assert said("trust", "check").code == 0


def test_an_older_trust_file_is_refused_once_a_newer_was_seen(trusting: Workplace) -> None:
    signed = trusting.folder / "trust.json"
    old = signed.read_bytes()
    said("keys", "new", "bob", "--role", "approve")
    assert said("trust", "sign").code == 0
    assert said("trust", "check").code == 0
    signed.write_bytes(old)
    found = said("trust", "check")
    assert found.code == 4
    assert "version 2 was seen before" in found.err
    assert said("trust", "sign", "--json").json["version"] == 3, "the way back"


@pytest.mark.parametrize(
    "command", [("show",), ("check",), ("sign",), ("allow", "a", "b", "release")]
)
def test_where_nobody_is_trusted_the_command_that_begins_is_named(
    place: Workplace, command: tuple[str, ...]
) -> None:
    place.policy()
    found = said("trust", *command)
    assert found.code == 2
    assert "gate trust init" in found.err


def test_whoever_has_no_key_is_told(trusting: Workplace) -> None:
    settings = trusting.folder / "gate.toml"
    text = settings.read_text("utf-8").replace('key = ".gate/keys/signing.pem"\n', "")
    settings.write_text(text, encoding="utf-8")
    found = said("trust", "sign")
    assert found.code == 2
    assert "there is no key to sign with" in found.err


def test_a_new_state_is_not_fooled_where_the_anchor_remembers(trusting: Workplace) -> None:
    signed = trusting.folder / "trust.json"
    old = signed.read_bytes()
    said("keys", "new", "bob", "--role", "approve")
    assert said("trust", "sign").code == 0
    assert said("trust", "check").code == 0
    signed.write_bytes(old)
    found = said("trust", "check", "--state", "elsewhere")
    assert found.code == 4
    assert "version 2 was seen before" in found.err
    assert said("trust", "sign", "--state", "elsewhere", "--json").json["version"] == 3
