"""Names of people that a reviewer sees: the same person is told from others, and stays unknown."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from stages.engine.state import State, foreign_entry
from stages.side_by_side.scores import Row
from stages.side_by_side.told import Told
from stages.side_by_side.vote import CandidateVote

STREAM = "people/secret"
"""Stream of `{"secret": hexadecimal}`: without it, no pseudonym leads back to a name."""

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Names for people, by a secret of the state: alike on every machine, and in every round.

    Attributes:
        secret: Whoever has it can try names until one fits; it never leaves the state.
    """

    secret: bytes = field(repr=False)

    def of(self, name: str) -> str:
        """A person's pseudonym, such as `person-1f2e3d4c`."""
        return f"person-{hmac.digest(self.secret, name.encode(), 'sha256').hex()[:_SHOWN]}"


def pseudonyms_of(state: State) -> Pseudonyms:
    """The pseudonyms of a state; its secret is drawn when it has none.

    Two processes may draw one at once: whichever stands first counts for both.

    Raises:
        Broken: When the secret cannot be read.
    """
    if not state.read(STREAM):
        state.append(STREAM, [{"secret": secrets.token_hex(32)}])
    try:
        return Pseudonyms(bytes.fromhex(str(state.read(STREAM)[0]["secret"])))
    except (KeyError, ValueError):
        raise foreign_entry("the secret of pseudonyms", stream=STREAM, state=state) from None


def without_names(told: Told, of: Callable[[str], str]) -> Told:
    """Votes under pseudonyms; judges are no people, and keep their names."""
    judges = {vote.annotator for vote in told.said if vote.judge}

    def unnamed(vote: CandidateVote) -> CandidateVote:
        return vote if vote.judge else replace(vote, annotator=of(vote.annotator))

    def unsigned(row: Row) -> Row:
        if row.annotator is None or row.annotator in judges:
            return row
        return replace(row, annotator=of(row.annotator))

    return replace(
        told,
        said=tuple(map(unnamed, told.said)),
        prompts=tuple(replace(s, rows=tuple(map(unsigned, s.rows))) for s in told.prompts),
    )
