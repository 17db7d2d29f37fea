"""Trust files of tests: people with keys, and a document that names them."""

from gates.trust.canonical_bytes import canonical_bytes
from gates.trust.dsse import encode, sign
from gates.trust.keys import Signer
from gates.trust.signers import LocalSigner, new_private_key, signer_of
from gates.trust.trust_document import (
    AliasEntry,
    InForceEntry,
    KeyEntry,
    ModelEntry,
    Role,
    TrustDocument,
    payload_of,
)
from gates.trust.trust_file import PAYLOAD_TYPE

START = "2026-01-01T00:00:00+00:00"
DIGEST = "d" * 64
ANN, BOB, CAT = (signer_of(new_private_key()) for _ in range(3))


def entry(signer: LocalSigner, owner: str, *roles: Role, **more: object) -> KeyEntry:
    """A key's entry, from START on."""
    said = {"public": signer.public.base64, "owner": owner, "roles": roles, "since": START}
    return KeyEntry.model_validate({**said, **more})


def document(*keys: KeyEntry, **more: object) -> TrustDocument:
    """A trust file with one policy for assistant@champion; with no keys, Ann has every role."""
    in_force = {"release": (InForceEntry(sha256=DIGEST, since=START),)}
    models = {"assistant": ModelEntry(aliases={"champion": AliasEntry(policies=in_force)})}
    said = {"version": 1, "keys": keys or (entry(ANN, "ann", *Role),), "models": models}
    return TrustDocument.model_validate({**said, **more})


def signed(document: TrustDocument, *signers: Signer) -> bytes:
    """The bytes of a trust file that these have signed."""
    return encode(sign(PAYLOAD_TYPE, canonical_bytes(payload_of(document)), signers))
