"""Whose decisions a look back is about, in sentences."""

from collections.abc import Iterator

from gates.decide.spoken import count_words
from gates.hindsight.checkpoints import Past
from stages.evidence.estimate import Unmeasured


def title(past: Past) -> str:
    """Whose funnel it is, and how many checkpoints it is about."""
    since = "" if past.since is None else f" since {past.since:%Y-%m-%d %H:%M} UTC"
    number = count_words(len(past.checkpoints), "checkpoints")
    return f"policy {past.policy.policy}, model {past.model}: {number} decided{since}"


def remarks(past: Past) -> Iterator[str]:
    """What else must be known of the checkpoints."""
    if past.again:
        yield (
            f"{count_words(past.again, 'decisions')} left out: each checkpoint counts once, "
            "by its newest decision"
        )
    for one in past.unread:
        assert isinstance(one.evidence, Unmeasured)
        yield f"{one.version.uri} has no measures: {one.evidence.reason}"
