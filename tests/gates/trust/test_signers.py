"""Keys come from files, variables and commands; none is shown, no answer is believed unseen."""

import base64
import stat
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from gates.trust import signers
from gates.trust.keys import PublicKey
from gates.trust.signers import (
    CommandSigner,
    new_private_key,
    signer_from_command,
    signer_from_file,
    signer_from_pem,
    signer_of,
    write_private_key,
)
from policies.errors import Broken, WrongUsage

SERVICE = """
import base64, sys
from cryptography.hazmat.primitives.serialization import load_pem_private_key
key = load_pem_private_key(open(sys.argv[1], "rb").read(), None)
message = sys.stdin.buffer.read()
{what}
"""
"""A key management service's command."""

SIGNS = "print(base64.b64encode(key.sign(message)).decode())"


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    file = tmp_path / "ann.pem"
    write_private_key(file, new_private_key(), password=None)
    return file


def service(pem: Path, what: str) -> CommandSigner:
    script = pem.with_name("sign.py")
    script.write_text(SERVICE.format(what=what), encoding="utf-8")
    public = signer_from_file(pem).public
    return signer_from_command([sys.executable, str(script), str(pem)], public)


def test_a_key_signs_after_it_was_written_and_read(pem: Path) -> None:
    signer = signer_from_file(pem)
    assert signer.public.verifies(signer.sign(b"message"), b"message")
    assert stat.S_IMODE(pem.stat().st_mode) == 0o600


def test_a_key_is_never_written_over(pem: Path) -> None:
    before = pem.read_bytes()
    with pytest.raises(WrongUsage, match="will not write a key over"):
        write_private_key(pem, new_private_key(), password=None)
    assert pem.read_bytes() == before


def test_a_key_that_others_may_read_is_refused(pem: Path) -> None:
    pem.chmod(0o644)
    with pytest.raises(WrongUsage, match="may be read by others") as caught:
        signer_from_file(pem)
    assert "gate keys revoke" in caught.value.fix


def test_an_encrypted_key_needs_its_password(tmp_path: Path) -> None:
    file, key = tmp_path / "ann.pem", new_private_key()
    write_private_key(file, key, password="correct horse")
    assert signer_from_file(file, password="correct horse").public == signer_of(key).public
    with pytest.raises(WrongUsage) as missing:
        signer_from_file(file)
    with pytest.raises(WrongUsage) as wrong:
        signer_from_file(file, password="battery staple")
    assert "it is encrypted, and no password is set" in missing.value.why
    assert "battery" not in str(wrong.value)


def test_a_password_for_a_plain_key_is_told(pem: Path) -> None:
    with pytest.raises(WrongUsage) as caught:
        signer_from_file(pem, password="x")
    assert "it is not encrypted" in caught.value.why


def test_a_key_of_another_kind_is_refused() -> None:
    other = generate_private_key(SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(WrongUsage, match=r"key in \$GATE_KEY") as caught:
        signer_from_pem(other, where="$GATE_KEY")
    assert "EllipticCurve" in caught.value.why or "of another kind" in caught.value.why


@pytest.mark.parametrize("data", [b"", b"hunter2", b"-----BEGIN PRIVATE KEY-----\nhunter2\n"])
def test_what_is_no_key_is_refused_and_not_shown(data: bytes) -> None:
    with pytest.raises(WrongUsage, match="cannot sign with the key") as caught:
        signer_from_pem(data, where="$GATE_KEY")
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_not_there_is_told_with_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="cannot read the key") as caught:
        signer_from_file(tmp_path / "none.pem")
    assert "gate keys new" in caught.value.fix


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Broken, match="cannot write the key"):
        write_private_key(tmp_path / "file" / "ann.pem", new_private_key(), password=None)


def test_no_private_key_is_shown(pem: Path) -> None:
    key = new_private_key()
    assert key.private_bytes_raw().hex() not in repr(signer_of(key))
    assert "Ed25519PrivateKey" not in repr(signer_from_file(pem))


def test_a_command_signs(pem: Path) -> None:
    signer = service(pem, SIGNS)
    assert signer.public.verifies(signer.sign(b"message"), b"message")


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("print(base64.b64encode(key.sign(b'other')).decode())", "is no signature of key"),
        ("print(base64.b64encode(b'short').decode())", "is no signature of key"),
        ("print('?')", "is no base64"),
        ("sys.stdout.buffer.write(b'\\xff')", "is no base64"),
        ("", "is no signature of key"),
        ("print('no such key', file=sys.stderr); sys.exit(3)", "exit code 3: no such key"),
        ("sys.exit(1)", "exit code 1: it says nothing"),
    ],
)
def test_a_commands_answer_is_verified_before_it_is_used(pem: Path, what: str, why: str) -> None:
    with pytest.raises(Broken, match="does not sign") as caught:
        service(pem, what).sign(b"message")
    assert why in caught.value.why
    assert "nothing was signed" in caught.value.fix


def test_a_command_that_is_not_there_is_told() -> None:
    public = signer_of(new_private_key()).public
    with pytest.raises(Broken, match="/no/such does not sign"):
        signer_from_command(["/no/such"], public).sign(b"message")


def test_a_command_that_does_not_answer_is_given_up(
    pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signers, "SECONDS", 0.2)
    with pytest.raises(Broken) as caught:
        service(pem, "import time; time.sleep(30)").sign(b"message")
    assert "no answer within 0.2 s" in caught.value.why


def test_a_commands_answer_for_another_key_is_not_used(pem: Path) -> None:
    stranger = service(pem, SIGNS)
    other = CommandSigner(command=stranger.command, public=PublicKey(new_public()))
    with pytest.raises(Broken, match="does not sign"):
        other.sign(b"message")


def new_public() -> bytes:
    return base64.b64decode(signer_of(new_private_key()).public.base64)


def test_a_command_that_fails_repeats_nothing_that_may_not_be_shown() -> None:
    command = ["/bin/sh", "-c", "echo the token is hunter2 >&2; exit 3"]
    signer = signer_from_command(
        command, PublicKey(new_public()), shown=lambda said: said.replace("hunter2", "***")
    )
    with pytest.raises(Broken) as found:
        signer.sign(b"message")
    assert "exit code 3: the token is ***" in found.value.why
