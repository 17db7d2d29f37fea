"""Private keys: in a file, in a variable, or behind a command that signs."""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gates.secret_file import check_secret, make_secret
from gates.trust.keys import PublicKey, exact_base64
from policies.errors import Broken, WrongUsage

SECONDS = 60.0
"""Longest wait for a key management service."""


@dataclass(frozen=True, slots=True)
class LocalSigner:
    """A private key in memory; never shown.

    Attributes:
        public: What its signatures are verified by.
    """

    public: PublicKey
    _key: Ed25519PrivateKey = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """Its signature over the message."""
        return self._key.sign(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSigner:
    """A command that signs: message on stdin, the signature in base64 on stdout.

    Attributes:
        command: Program and arguments; no shell.
        public: What its signatures are verified by, before they are used.
        shown: What of its words may be shown.
    """

    command: tuple[str, ...]
    public: PublicKey
    shown: Callable[[str], str] = str

    def sign(self, message: bytes) -> bytes:
        """Its signature over the message.

        Raises:
            Broken: When the command fails, takes too long, or answers with anything else.
        """
        signature = self._answer(message)
        if not self.public.verifies(signature, message):
            raise self._broken(f"its answer is no signature of key {self.public.keyid[:12]}")
        return signature

    def _answer(self, message: bytes) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own command, without a shell
                self.command, input=message, capture_output=True, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise self._broken(f"no answer within {SECONDS:g} s") from None
        except OSError as error:
            raise self._broken(error.strerror or str(error)) from None
        if done.returncode != 0:
            said = self.shown(done.stderr.decode(errors="replace").strip())[-300:]
            raise self._broken(f"exit code {done.returncode}: {said or 'it says nothing'}")
        try:
            return exact_base64(done.stdout.decode("ascii").strip())
        except ValueError:
            raise self._broken("its answer is no base64") from None

    def _broken(self, why: str) -> Broken:
        return Broken(
            f"{self.command[0]} does not sign",
            why=why,
            fix="mend the command that [trust] key_command names; nothing was signed",
        )


def new_private_key() -> Ed25519PrivateKey:
    """A key that nobody else has."""
    return Ed25519PrivateKey.generate()


def signer_of(key: Ed25519PrivateKey) -> LocalSigner:
    """What signs with a private key."""
    return LocalSigner(PublicKey(key.public_key().public_bytes_raw()), key)


def write_private_key(file: Path, key: Ed25519PrivateKey, *, password: str | None) -> None:
    """Writes a private key as PKCS8 in PEM, readable by its owner only.

    Raises:
        WrongUsage: When a file is there: keys are never written over.
        Broken: When it cannot be written.
    """
    try:
        written = make_secret(file, _pem(key, password))
    except OSError as error:
        raise Broken(
            f"cannot write the key {file}",
            why=error.strerror or str(error),
            fix="make its folder writable, or name another file",
        ) from None
    if not written:
        raise WrongUsage(
            f"will not write a key over {file}",
            why="whoever loses a private key can sign nothing with it any more",
            fix="name another file",
        )


def signer_from_file(
    file: Path, *, password: str | None = None, named_by: str = "[trust] key in gate.toml"
) -> LocalSigner:
    """The signer whose private key a PEM file holds.

    Args:
        file: The file.
        password: Of an encrypted key.
        named_by: Setting or option that names the file, for whoever must mend it.

    Raises:
        WrongUsage: When it cannot be read or used, or others may read it.
    """
    try:
        check_secret(
            file,
            why="whoever has this key signs in its owner's name",
            fix="if others may have read it: gate keys revoke",
        )
        data = file.read_bytes()
    except OSError as error:
        raise WrongUsage(
            f"cannot read the key {file}",
            why=error.strerror or str(error),
            fix=f"{named_by} names it; a first one is made by: gate keys new",
        ) from None
    return signer_from_pem(data, where=str(file), password=password)


def signer_from_pem(data: bytes, *, where: str, password: str | None = None) -> LocalSigner:
    """The signer of a private key in PEM.

    Args:
        data: PKCS8 in PEM.
        where: Where it was found, for errors; the key itself is never shown.
        password: Of an encrypted key.

    Raises:
        WrongUsage: When it is no Ed25519 key, or the password is missing or wrong.
    """
    secret = password.encode() if password else None
    try:
        key = serialization.load_pem_private_key(data, password=secret)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unusable(where, _why(error)) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable(where, f"it is a key of another kind ({type(key).__name__.lstrip('_')})")
    return signer_of(key)


def signer_from_command(
    command: Sequence[str], public: PublicKey, *, shown: Callable[[str], str] = str
) -> CommandSigner:
    """The signer behind a command.

    Args:
        command: Program and arguments; no shell.
        public: What its signatures are verified by.
        shown: What of its words may be shown when it fails; default: all.
    """
    return CommandSigner(command=tuple(command), public=public, shown=shown)


def _pem(key: Ed25519PrivateKey, password: str | None) -> bytes:
    hidden: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(password.encode())
        if password
        else serialization.NoEncryption()
    )
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)


def _why(error: Exception) -> str:
    if isinstance(error, TypeError):
        encrypted = "password was not given" in str(error).lower()
        return "it is encrypted, and no password is set" if encrypted else "it is not encrypted"
    return "it is no private key in PEM, or its password is another"


def _unusable(where: str, why: str) -> WrongUsage:
    return WrongUsage(
        f"cannot sign with the key in {where}",
        why=why,
        fix="an Ed25519 private key in PKCS8 PEM is made by: gate keys new; the password of an "
        "encrypted one is in the variable that [trust] key_password_env names",
    )
