"""Whether an alias is where a promotion takes it from: one function per refusal; pure."""

from collections.abc import Mapping, Sequence

from gates.chain.alias_standing import mending_words
from gates.promotion.refusal import Refusal, Refused
from gates.trust.statement import Subject
from stages.evidence.records import StageName


def unexpected(holder: str | None, *, expected: str | None, alias: str) -> Refusal | None:
    """The alias is not where the person who promotes believes it to be.

    Args:
        holder: Number of the version behind the alias; None when there is none.
        expected: What was given with `--expect`: a number, or `none`; None when nothing was.
        alias: The alias.
    """
    if expected is None or expected == (holder or "none"):
        return None
    return Refusal(
        Refused.UNEXPECTED,
        f"`{alias}` points to {holder or 'none'}, and --expect says {expected}; gate status shows "
        "where it is",
    )


def moved_outside(*, holder: str | None, recorded: str | None, alias: str) -> Refusal | None:
    """The alias is not where the records say: what it points to was let in by nobody.

    Args:
        holder: MLflow URI of the version behind the alias.
        recorded: That of the last record that moved it; None when there is none.
        alias: The alias.
    """
    if holder == recorded:
        return None
    mended = mending_words(holder, recorded, alias=alias)
    said = "no record says why" if recorded is None else f"the last record says {recorded}"
    return Refusal(
        Refused.MOVED_OUTSIDE,
        f"`{alias}` points to {holder or 'nothing'}, and {said}: an unrecorded change; {mended}",
    )


def other_baseline(
    *, compared: str | None, serves: str | None, alias: str, run: str
) -> Refusal | None:
    """What the candidate was compared with serves no more."""
    if compared == serves:
        return None
    return Refusal(
        Refused.OTHER_BASELINE,
        f"the decision compared with {compared or 'nothing'}, but `{alias}` now points to "
        f"{serves or 'nothing'}; {run} compares with what serves now",
    )


def strands(left_behind: Sequence[str]) -> Refusal | None:
    """Others were held against the version that is to be replaced, and nobody said that may be.

    Args:
        left_behind: A sentence for each.
    """
    if not left_behind:
        return None
    return Refusal(
        Refused.STRANDS,
        f"the new baseline leaves {len(left_behind)} behind ({'; '.join(left_behind)}); if that "
        "may be: --strand",
    )


def other_baseline_bytes(
    measured: Mapping[StageName, str | None], baseline: Subject | None
) -> Refusal | None:
    """Evidence compares with a checkpoint that is not the one the baseline was recorded as.

    Args:
        measured: Digest of the baseline in each stage's evidence; None or empty where it compares
            with nothing.
        baseline: The version recorded as serving; None when none is.
    """
    for stage, digest in measured.items():
        if digest and (baseline is None or digest != baseline.sha256):
            held = "nothing" if baseline is None else f"{baseline.name}, {baseline.sha256[:12]}"
            return Refusal(
                Refused.OTHER_BASELINE,
                f"the {stage} evidence compares with a checkpoint whose digest is {digest[:12]}, "
                f"and what is recorded as serving is {held}",
            )
    return None
