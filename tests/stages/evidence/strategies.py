"""Any evidence that its types allow, for property tests."""

from dataclasses import replace

from hypothesis import strategies as st

from stages.evidence.estimate import Bounds, Cause, Estimate, Unmeasured
from stages.evidence.records import (
    Check,
    Cost,
    Evidence,
    Look,
    Measurement,
    Provenance,
    Quantity,
    StageName,
    Validity,
    Wait,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
said = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
numbers = st.floats(-1e100, 1e100)
amounts = st.floats(0, 1e100)
counts = st.integers(0, 2**53)
causes = st.sampled_from(Cause)
probabilities = st.floats(0, 1)


@st.composite
def estimates(draw: st.DrawFn) -> Estimate:
    bounds = draw(st.sampled_from(Bounds))
    low, high = sorted((draw(numbers), draw(numbers)))
    return Estimate(
        value=draw(numbers),
        standard_error=draw(st.none() | amounts),
        low=None if bounds is Bounds.UPPER else low,
        high=None if bounds is Bounds.LOWER else high,
        bounds=bounds,
        level=draw(st.floats(0.001, 0.999)),
        n=draw(st.integers(1, 2**53)),
        unit=draw(texts),
        method=draw(texts),
    )


absences = st.builds(Unmeasured, said, causes)
measured = estimates() | absences


@st.composite
def measurements(draw: st.DrawFn) -> Measurement:
    validity = draw(st.sampled_from(Validity))
    return Measurement(
        metric=draw(texts),
        quantity=draw(st.sampled_from(Quantity)),
        measured=draw(measured),
        validity=validity,
        planned=draw(counts) if validity is Validity.FIXED else None,
        p_worse=draw(st.none() | probabilities),
    )


waits = st.builds(
    Wait,
    cause=causes,
    who=texts,
    what=texts,
    have=amounts,
    need=st.none() | amounts,
    since=st.none() | texts,
    expected=st.none() | texts,
    command=st.none() | texts,
)
_one_hypothesis = st.builds(
    Look,
    number=counts,
    planned=counts,
    information=amounts,
    units=counts,
    run_days=amounts,
    minimum_days_reached=st.booleans(),
    alpha_spent=probabilities,
    conditional_power=st.none() | probabilities,
    final=st.booleans(),
    primary=texts,
    stopped_here=st.none() | estimates(),
)


def _shared(look: Look, others: list[str], *, any_primary: bool, challengers: int) -> Look:
    """The same look, of several primaries and challengers that may share alpha."""
    named = (look.primary, *(name for name in others if name != look.primary))
    share = len(named) if any_primary else 1
    return replace(look, primaries=named, any_primary=any_primary, hypotheses=challengers * share)


looks = _one_hypothesis | st.builds(
    _shared,
    _one_hypothesis,
    st.lists(texts, max_size=2, unique=True),
    any_primary=st.booleans(),
    challengers=st.integers(1, 4),
)
costs = st.builds(
    Cost,
    calls=counts,
    prompt_tokens=counts,
    completion_tokens=counts,
    votes=counts,
    usd=st.none() | amounts,
)
pairs = st.lists(st.tuples(texts, texts), max_size=2).map(tuple)
provenances = st.builds(
    Provenance,
    candidate=texts,
    baseline=st.none() | texts,
    plan=texts,
    data=pairs,
    code=texts,
    seeds=st.lists(st.tuples(texts, st.integers(-(2**127), 2**127)), max_size=2).map(tuple),
    tools=pairs,
)
evidences = st.builds(
    Evidence,
    stage=st.sampled_from(StageName),
    candidate=texts,
    baseline=st.none() | texts,
    measurements=st.lists(measurements(), max_size=3).map(tuple),
    checks=st.lists(
        st.builds(Check, name=texts, passed=st.none() | st.booleans(), sentence=texts), max_size=2
    ).map(tuple),
    look=st.none() | looks,
    waits=st.lists(waits, max_size=2).map(tuple),
    cost=costs,
    provenance=provenances,
)
