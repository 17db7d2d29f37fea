"""The stand-alone verifier agrees with the library on signatures, and with `gate verify`."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.audit import verify
from gates.audit.exporting import PAYLOAD_TYPE
from gates.audit.retention import PAYLOAD_TYPE as ERASED
from gates.audit.verify import (
    BASE,
    ORDER,
    P,
    Report,
    TamperedError,
    examine,
    is_key,
    read_chain,
    sha256,
    verifies,
    verifies_here,
)
from gates.chain.bodies import (
    AbEnded,
    Approval,
    Decision,
    Override,
    Promotion,
    Revocation,
    Rollback,
)
from gates.chain.signing import Entry
from gates.decide.verdict import Verdict
from gates.trust.canonical_bytes import canonical_bytes
from gates.trust.dsse import encode, sign
from gates.trust.keys import PublicKey, Signer
from gates.trust.trust import Trust, TrustedKey
from gates.trust.trust_document import Kind
from gates.trust.untrusted import Untrusted
from tests.fakes.audited import Story, story
from tests.fakes.chains import SIGNERS, STRANGER, TRUST, Paper, decision, signatory, subject, trust
from tests.fakes.workplace import Workplace
from tests.gates.chain.test_verifying import LIES, STORY, revoked

VECTORS = (  # RFC 8032, 7.1: public key, message, signature
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
            "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        (
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
            "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ),
)
EIGHT = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
"""A point of order eight."""

seeds = st.binary(min_size=32, max_size=32)


def both(public: bytes, signature: bytes, message: bytes) -> bool:
    """What the file computes, once it is what the library says."""
    here = verifies_here(public, signature, message)
    assert here == verifies(public, signature, message)
    return here


@pytest.mark.parametrize("vector", VECTORS)
def test_the_vectors_of_the_rfc_verify_and_nothing_near_them(vector: tuple[str, str, str]) -> None:
    public, message, signature = map(bytes.fromhex, vector)
    assert both(public, signature, message)
    assert not both(public, signature, message + b"!")
    for place in (0, 31, 32, 63):
        altered = bytearray(signature)
        altered[place] ^= 1
        assert not both(public, bytes(altered), message)


@settings(max_examples=25, deadline=None)
@given(seeds, st.binary(max_size=200), st.integers(0, 511))
def test_signatures_are_those_of_the_library(seed: bytes, message: bytes, flipped: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert both(public, signature, message)
    altered = bytearray(signature)
    altered[flipped // 8] ^= 1 << flipped % 8
    assert not both(public, bytes(altered), message)


def test_another_signature_made_of_one_that_is_genuine_is_refused() -> None:
    public, message, signature = map(bytes.fromhex, VECTORS[2])
    for times in (1, 2, 8):
        s = int.from_bytes(signature[32:], "little") + times * ORDER
        assert not both(public, signature[:32] + s.to_bytes(32, "little"), message)
    assert not both(public, signature + b"\0", message)
    assert not both(public, signature[:63], message)


def small_order() -> list[bytes]:
    """Every point of order eight or less, and other ways of writing them."""
    point = verify._point(EIGHT)
    assert point is not None
    found = {verify._written(verify._times(n, point)) for n in range(8)}
    others = {(P + y).to_bytes(32, "little") for y in (0, 1)}
    negative_zero = {(y | 1 << 255).to_bytes(32, "little") for y in (1, P - 1)}
    assert len(found) == 8
    return sorted(found | others | negative_zero)


@pytest.mark.parametrize("public", small_order())
def test_a_key_for_which_anybody_can_sign_is_none(public: bytes) -> None:
    assert not is_key(public)
    with pytest.raises(ValueError, match="nobody's key"):
        PublicKey(public)
    neutral = (1).to_bytes(32, "little") + bytes(32)
    for message in (b"", b"a", b"b", b"c"):
        assert not both(public, neutral, message)


@pytest.mark.parametrize("beyond", range(19))
def test_a_key_that_is_written_in_another_way_than_its_one_is_none(beyond: int) -> None:
    for sign_bit in (0, 1 << 255):
        assert not is_key((P + beyond | sign_bit).to_bytes(32, "little"))


@settings(deadline=None)
@given(seeds)
def test_what_is_a_key_here_is_one_for_the_trust_file(raw: bytes) -> None:
    if is_key(raw):
        assert PublicKey(raw).raw == raw


def test_keys_and_nonces_of_mixed_order_are_judged_as_the_library_judges_them() -> None:
    seed = hashlib.sha512(b"seed").digest()
    secret, nonce = (int.from_bytes(half, "little") % ORDER for half in (seed[:32], seed[32:]))
    torsion = verify._point(EIGHT)
    assert BASE is not None
    assert torsion is not None
    mixed = verify._written(verify._added(verify._times(secret, BASE), torsion))
    plain = verify._times(nonce, BASE)
    judged = []
    for number in range(24):
        message = bytes([number])
        for r in (plain, verify._added(plain, torsion)):
            written = verify._written(r)
            hashed = hashlib.sha512(written + mixed + message).digest()
            s = (nonce + int.from_bytes(hashed, "little") * secret) % ORDER
            judged.append(both(mixed, written + s.to_bytes(32, "little"), message))
    assert set(judged) == {True, False}


# chains, with gates.chain.verifying as the oracle


def keys_of(trusted: Trust) -> dict[str, verify.Key]:
    return {key.public.keyid: _key(key) for key in trusted.keys}


def _key(key: TrustedKey) -> verify.Key:
    return verify.Key(
        raw=key.public.raw,
        owner=key.owner,
        is_person=key.kind is Kind.PERSON,
        roles=frozenset(key.roles),
        since=key.since,
        ends=(key.revoked.at,) if key.revoked else (),
        revoked=key.revoked.reason if key.revoked else None,
        heads=key.revoked.heads if key.revoked else {},
    )


def read(paper: Paper, envelopes: list[bytes], by: Trust = TRUST) -> list[verify.Record]:
    return read_chain(envelopes, paper.model, keys_of(by), paper.now)


def test_an_honest_chain_is_read_as_gate_verify_reads_it() -> None:
    found = read(STORY, STORY.envelopes)
    theirs = STORY.chain().records
    assert [(r.sha256, r.signed, r.void) for r in found] == [
        (kept.sha256, kept.owners, None) for kept in theirs
    ]


@pytest.mark.parametrize(
    "harmed",
    [
        lambda e: e[1:],
        lambda e: [e[0], *e[2:]],
        lambda e: [e[1], e[0], *e[2:]],
        lambda e: [*e, e[-1]],
        lambda e: [e[0], e[0], *e[1:]],
        lambda e: [b"{}", *e[1:]],
        lambda e: [b"", *e[1:]],
    ],
)
def test_records_removed_doubled_or_reordered_are_found(
    harmed: Callable[[list[bytes]], list[bytes]],
) -> None:
    with pytest.raises(TamperedError):
        read(STORY, harmed(list(STORY.envelopes)))


@pytest.mark.parametrize("lie", [lie for lie, _ in LIES])
def test_a_lie_that_somebody_with_a_key_signed_is_found(lie: dict[str, object]) -> None:
    paper = Paper()
    paper.write(decision())
    paper.write(decision())
    assert len(read(paper, paper.envelopes)) == 2
    paper.forge(**{"body": AbEnded(reason="honest but for the lie"), **lie})
    with pytest.raises(TamperedError):
        read(paper, paper.envelopes)


def test_a_key_that_nobody_named_and_a_decision_that_is_not_there_are_found() -> None:
    strangers = {**keys_of(TRUST)}
    del strangers[SIGNERS["ann"].public.keyid]
    with pytest.raises(TamperedError, match="not signed by the keys"):
        read_chain(STORY.envelopes, "assistant", strangers, STORY.now)
    paper = Paper()
    paper.write(decision())
    paper.forge(body=Approval(decision="0" * 64, reason="fine"))
    with pytest.raises(TamperedError, match="rests on a release-decision"):
        read(paper, paper.envelopes)


def test_a_signature_too_many_is_found() -> None:
    paper = Paper()
    entry = Entry(subject=subject(), body=decision())
    with pytest.raises(Untrusted):
        paper.sign(entry, signatory("ann"), ["ann", STRANGER])
    with pytest.raises(TamperedError, match="not signed by the keys"):
        read(paper, paper.envelopes)


@pytest.mark.parametrize(
    "by",
    [
        trust(ben=revoked(at_minute=6.5)),
        trust(ben=revoked(at_minute=90, heads={"assistant": 4})),
        replace(TRUST, keys=(TRUST.keys[0], replace(TRUST.keys[1], owner="ann"), TRUST.keys[2])),
        replace(TRUST, keys=(replace(TRUST.keys[0], roles=frozenset()), *TRUST.keys[1:])),
        replace(TRUST, keys=(replace(TRUST.keys[0], kind=Kind.CI), *TRUST.keys[1:])),
    ],
)
def test_signatures_that_do_not_count_are_those_of_gate_verify(by: Trust) -> None:
    theirs = [(k.record.sequence, k.void.revoked) for k in STORY.chain(by=by).void if k.void]
    assert theirs
    found = read(STORY, STORY.envelopes, by)
    assert [(r.number, not r.is_strange) for r in found if r.void] == theirs


# whole dossiers


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return story(Workplace(tmp_path_factory.mktemp("told")))


@pytest.fixture(scope="module")
def files(told: Story) -> Mapping[str, bytes]:
    return told.export().files


def examined(told: Story, files: Mapping[str, bytes], **how: str) -> Report:
    return examine(files, root_keys=[told.root_key], **how)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_any_flipped_bit_anywhere_is_found(
    told: Story, files: Mapping[str, bytes], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(files)))
    place = data.draw(st.integers(0, len(files[name]) * 8 - 1))
    altered = bytearray(files[name])
    altered[place // 8] ^= 1 << place % 8
    report = examined(told, {**files, name: bytes(altered)})
    assert report.exit_code == 1
    assert report.problems


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_any_file_removed_added_cut_or_swapped_is_found(
    told: Story, files: Mapping[str, bytes], data: st.DataObject
) -> None:
    one, other = data.draw(st.sampled_from([(a, b) for a in sorted(files) for b in files if a < b]))
    for harmed in (
        {name: content for name, content in files.items() if name != one},
        {**files, "records/999999.json": files[other]},
        {**files, one: files[one][:-1]},
        {**files, one: files[other], other: files[one]},
    ):
        assert examined(told, harmed).exit_code == 1


def rewritten(
    files: Mapping[str, bytes], changes: Mapping[str, bytes | None], **said: object
) -> Mapping[str, bytes]:
    """What somebody makes of a dossier who writes a table of contents of their own."""
    envelope = json.loads(files["contents.json"])
    payload = json.loads(verify.unbase64(envelope["payload"], "contents"))
    changed = {k: v for k, v in {**files, **changes}.items() if v is not None}
    del changed["contents.json"]
    digests = {name: sha256(content) for name, content in changed.items()}
    new = canonical_bytes({**payload, "files": digests, **said})
    return {**changed, "contents.json": encode(sign(PAYLOAD_TYPE, new, ()))}


def named(files: Mapping[str, bytes], folder: str) -> str:
    return next(name for name in sorted(files) if name.startswith(folder))


@pytest.mark.parametrize("folder", ["policies", "findings", "members", "evidence"])
def test_a_new_table_of_contents_hides_nothing_that_was_signed(
    told: Story, files: Mapping[str, bytes], folder: str
) -> None:
    name = named(files, folder)
    altered = files[name].replace(b"assistant", b"assistent")
    assert "is not what was signed" in _only_problem(told, rewritten(files, {name: altered}))
    assert "nothing says why" in _only_problem(told, rewritten(files, {name: None}))
    report = examined(told, rewritten(files, {name: None}, missing=[name]))
    assert (report.exit_code, report.missing) == (3, [name])


def _only_problem(told: Story, files: Mapping[str, bytes]) -> str:
    report = examined(told, files)
    (problem,) = report.problems
    return problem


def test_a_chain_cut_short_needs_a_head_to_be_found(
    told: Story, files: Mapping[str, bytes]
) -> None:
    head = told.custody.chain("assistant").records[-1].sha256
    cut = rewritten(files, {"records/000004.json": None})
    assert examined(told, cut).exit_code == 0
    assert examined(told, files, head=head).exit_code == 0
    assert "lost its end" in _only_problem_with(told, cut, head)


def _only_problem_with(told: Story, files: Mapping[str, bytes], head: str) -> str:
    (problem,) = examined(told, files, head=head).problems
    return problem


def erasure(digest: str, signer: Signer, *, at: str) -> bytes:
    payload = {
        "schema": "gate.erasure/1",
        "model": "assistant",
        "at": at,
        "retention_days": 1,
        "erased": [digest],
    }
    return encode(sign(ERASED, canonical_bytes(payload), [signer]))


def test_what_was_erased_is_believed_of_whoever_may_erase_and_of_old_evidence_alone(
    told: Story, files: Mapping[str, bytes]
) -> None:
    name = named(files, "evidence")
    ann, ben = (told.keyring.signers[who] for who in ("ann", "ben"))
    digest = Path(name).stem
    late, early = "2026-03-05T00:00:00+00:00", "2026-03-01T12:00:00+00:00"

    def of(statement: bytes, gone: str = name) -> Report:
        return examined(told, rewritten(files, {gone: None, "erasures/a.json": statement}))

    honest = of(erasure(digest, ann, at=late))
    assert honest.exit_code == 0
    assert any("erased under retention on 2026-03-05 by ann" in line for line in honest.remarks)
    assert of(erasure(digest, ann, at=early)).exit_code == 1
    assert of(erasure(digest, ben, at=late)).exit_code == 1
    assert of(erasure(digest, STRANGER, at=late)).exit_code == 1
    findings = named(files, "findings")
    assert of(erasure(Path(findings).stem, ann, at=late), findings).exit_code == 1


def test_root_keys_that_were_not_given_sign_nothing(
    told: Story, files: Mapping[str, bytes]
) -> None:
    assert examine(files, root_keys=["0" * 64]).exit_code == 1
    assert examine(files, root_keys=[told.root_key], threshold=2).exit_code == 1
    ben = told.keyring.signers["ben"].public.keyid
    assert examine(files, root_keys=[ben]).exit_code == 1


def test_an_expired_trust_file_and_a_record_that_does_not_count_are_told(tmp_path: Path) -> None:
    late = story(Workplace(tmp_path))
    subject = late.decision.record.subject
    late.write(subject, Revocation(reason="rude"), by="ben")
    late.write(subject, Rollback(alias="champion", before=None, reason="rude"), by="ben")
    (ann, ben, robot) = late.keyring.document.keys
    without = ben.model_copy(update={"roles": (ben.roles[0],)})
    changed = {"version": 2, "keys": (ann, without, robot)}
    late.keyring.publish(late.keyring.document.model_copy(update=changed))
    report = examine(late.export().files, root_keys=[late.root_key])
    assert report.exit_code == 1
    assert report.problems[0].startswith("record 5 does not count: ben has not the role oncall")
    ends = {"version": 3, "keys": (ann, ben, robot), "expires": "2026-04-01T00:00:00+00:00"}
    late.keyring.publish(late.keyring.document.model_copy(update=ends))
    files = late.export().files
    assert examine(files, root_keys=[late.root_key]).exit_code == 0
    after = verify.moment("2026-04-01T00:00:00Z", "the test")
    report = examine(files, root_keys=[late.root_key], at=after)
    assert "expired" in report.problems[0]


def problems(late: Story) -> tuple[int, list[str], list[str]]:
    report = examine(late.export().files, root_keys=[late.root_key])
    return report.exit_code, report.problems, report.remarks


def test_a_promotion_that_rests_on_a_fail_is_told(tmp_path: Path) -> None:
    late = story(Workplace(tmp_path))
    passed = late.decision.record
    assert isinstance(passed.body, Decision)
    failed = late.write(passed.subject, replace(passed.body, verdict=Verdict.FAIL, earlier=()))
    late.write(passed.subject, Promotion(alias="champion", before=None, decision=failed.sha256))
    code, found, _ = problems(late)
    assert code == 1
    assert "the decision of record 5 says something else than its findings" in found
    assert "record 6, a promotion, rests on a FAIL" in found


def test_a_move_beyond_its_override_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As written by a program that does not look."""
    monkeypatch.setattr("gates.chain.verifying._beyond", lambda *_: iter(()))
    late = story(Workplace(tmp_path))
    custody, ben = late.custody, late.keyring.signers["ben"]
    subject, now = late.decision.record.subject, late.place.now
    given = Override(
        decision=None,
        alias="canary",
        reason="a fire",
        second=custody.signatory(ben),
        expires=now,
    )
    with custody.lease("assistant", intent="test") as lease:
        leave = custody.append("assistant", subject, given, lease=lease, second=ben)
    moved = Promotion(alias="champion", before=None, decision=None, override=leave.sha256)
    late.write(subject, moved)
    code, found, _ = problems(late)
    assert code == 1
    assert found == [
        "record 6, a promotion, rests on an override for canary",
        "record 6, a promotion, rests on an override that had ended",
    ]


def test_a_policy_that_was_not_in_force_is_noted(tmp_path: Path) -> None:
    late = story(Workplace(tmp_path))
    document = late.keyring.document
    entry = document.models["assistant"].aliases["champion"]
    (held,) = entry.policies["release"]
    for change in ({"until": "2026-03-01T12:30:00+00:00"}, {"since": "2026-03-01T13:30:00Z"}):
        other = held.model_copy(update=change)
        policies = {"policies": {"release": (other,)}}
        aliases = {"aliases": {"champion": entry.model_copy(update=policies)}}
        models = {"assistant": document.models["assistant"].model_copy(update=aliases)}
        version = late.keyring.document.version + 1
        late.keyring = late.keyring.publish(
            document.model_copy(update={"models": models, "version": version})
        )
        code, _, remarks = problems(late)
        assert code == 0
        assert remarks[0].startswith("record 4, a promotion, rests on policy release")
