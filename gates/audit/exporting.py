"""A dossier: everything an auditor needs, and what verifies it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from gates.audit import verify
from gates.audit.collecting import Material, collect
from gates.audit.index import differences, index_html, index_json, tell
from gates.audit.packing import pack
from gates.chain.custody import Custody
from gates.services import Services
from gates.trust.canonical_bytes import canonical_bytes
from gates.trust.dsse import encode, sign
from gates.trust.keys import Signer
from gates.trust.trust_file import trust_bytes
from policies.canonical import sha256_of_bytes
from policies.errors import WrongUsage
from stages.engine.program import code_version

SCHEMA = "gate.dossier/1"
PAYLOAD_TYPE = "application/vnd.checkpoint-gate.dossier+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """A dossier, packed.

    Attributes:
        data: The zip.
        files: What is in it, by place.
        material: What it was made of.
        differences: Decisions that today's rules would make otherwise, a sentence each.
        signed_by: Who answers for its table of contents; None when there is no key here.
    """

    data: bytes = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)
    material: Material
    differences: tuple[str, ...]
    signed_by: str | None


def export(reference: str, services: Services, custody: Custody) -> Dossier:
    """The dossier of a model, or of one of its versions.

    Args:
        reference: `MODEL`, `MODEL/VERSION` or `MODEL@ALIAS`.
        services: The outside world.
        custody: The records.

    Raises:
        InputError: When the records know nothing of it.
        WrongUsage: When there is no trust file.
        Untrusted: When trust file or records cannot be believed.
    """
    material, at = collect(reference, services, custody), services.clock()
    told, version = tell(material), code_version()
    trust_file = services.workspace.trust_file
    assert trust_file is not None
    files = {
        **material.files,
        verify.TRUST: trust_bytes(trust_file),
        "index.json": index_json(material, told, at=at, tool_version=version),
        "index.html": index_html(material, told, at=at, tool_version=version),
        "verify.py": verifier(),
    }
    signer = _signer(custody, at)
    payload = canonical_bytes(
        {
            "schema": SCHEMA,
            "model": material.chain.model,
            "about": material.about,
            "exported_at": at.isoformat(),
            "tool_version": version,
            "missing": list(material.missing),
            "files": {name: sha256_of_bytes(data) for name, data in files.items()},
        }
    )
    files[verify.CONTENTS] = encode(sign(PAYLOAD_TYPE, payload, (signer,) if signer else ()))
    return Dossier(
        data=pack(files),
        files=files,
        material=material,
        differences=differences(told),
        signed_by=None if signer is None else custody.signatory(signer).owner,
    )


def verifier() -> bytes:
    """The program that verifies a dossier without this one."""
    return Path(verify.__file__).read_bytes()


def _signer(custody: Custody, at: datetime) -> Signer | None:
    """The key that signs here, if it counts: an auditor may export without one."""
    try:
        signer = custody.signer
    except WrongUsage:
        return None
    key = custody.trust.owner_of(signer.public)
    return signer if key is not None and key.counts(at) else None
