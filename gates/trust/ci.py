"""Which job of a CI signed."""

from collections.abc import Mapping
from dataclasses import dataclass

from policies.errors import WrongUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class CiIdentity:
    """What a CI's record says of the job; a claim of the CI, never a person's approval.

    Attributes:
        repository: Such as `owner/name`.
        commit: Which was checked out.
        actor: Whose push or click started it.
    """

    repository: str
    commit: str
    actor: str


def ci_identity(environment: Mapping[str, str]) -> CiIdentity:
    """The job that runs now, as GitHub Actions says it.

    Raises:
        WrongUsage: When a variable is missing.
    """
    names = ("GITHUB_REPOSITORY", "GITHUB_SHA", "GITHUB_ACTOR")
    missing = [name for name in names if not environment.get(name)]
    if missing:
        raise WrongUsage(
            "a CI's key signs nothing here",
            why=f"its records say repository, commit and actor, and {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} unset",
            fix="run it in the CI that has the key, or sign with a person's key",
        )
    repository, commit, actor = (environment[name] for name in names)
    return CiIdentity(repository=repository, commit=commit, actor=actor)
