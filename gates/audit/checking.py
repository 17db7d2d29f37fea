"""A dossier held against what was signed, as its own `verify.py` does."""

from collections.abc import Mapping, Sequence

from gates.audit.exporting import verifier
from gates.audit.verify import Report, examine


def check(
    files: Mapping[str, bytes],
    *,
    root_keys: Sequence[str],
    threshold: int = 1,
    head: str | None = None,
) -> Report:
    """What is verified of a dossier, and what is not.

    Args:
        files: As they were unpacked.
        root_keys: Keyids of the root keys that are believed.
        threshold: People who must have signed the trust file, if more than it says.
        head: Digest of a record that must be there.
    """
    report = examine(files, root_keys=root_keys, threshold=threshold, head=head)
    if files.get("verify.py") != verifier():
        report.remarks.append(
            "its verify.py is not this version's: whoever runs it relies on whoever wrote it"
        )
    return report
