"""A CI's record says which job it was, or nothing is signed."""

import pytest

from gates.trust.ci import CiIdentity, ci_identity
from policies.errors import WrongUsage

JOB = {"GITHUB_REPOSITORY": "team/app", "GITHUB_SHA": "abc", "GITHUB_ACTOR": "ann"}


def test_the_job_is_what_the_ci_says() -> None:
    assert ci_identity(JOB) == CiIdentity(repository="team/app", commit="abc", actor="ann")


@pytest.mark.parametrize("missing", JOB)
@pytest.mark.parametrize("instead", [{}, "empty"])
def test_a_missing_word_refuses(missing: str, instead: object) -> None:
    said = {name: value for name, value in JOB.items() if name != missing}
    with pytest.raises(WrongUsage, match="signs nothing here") as caught:
        ci_identity({**said, missing: ""} if instead else said)
    assert missing in caught.value.why


def test_what_is_unset_is_told_in_the_right_number() -> None:
    with pytest.raises(WrongUsage) as one:
        ci_identity({name: JOB[name] for name in list(JOB)[1:]})
    assert one.value.why.endswith("GITHUB_REPOSITORY is unset")
    with pytest.raises(WrongUsage) as all_of_them:
        ci_identity({})
    assert all_of_them.value.why.endswith("GITHUB_SHA, GITHUB_ACTOR are unset")
