"""The name of a batch: the same wherever it is asked for, and another one for other answers."""

from policies.canonical import sha256_of

DIGITS = 8
"""Hexadecimal digits of the digest that a name ends with."""


def batch_name(policy: str, *, candidate: str, baseline: str, plan: str) -> str:
    """The name of the batch that compares a candidate with a baseline under a plan.

    Args:
        policy: The policy's name.
        candidate: Digest of the candidate.
        baseline: Digest of the baseline.
        plan: Digest of the side-by-side plan.

    Returns:
        The policy's name and a short digest, such as `release-1f2e3d4c`.
    """
    return f"{policy}-{sha256_of([candidate, baseline, plan])[:DIGITS]}"
