"""Answers written to win a comparison rather than to help: found, named, and credited nothing.

A constant answer once won 76.9 % against GPT-4 Turbo before an automatic judge. Whether an answer
is flagged rests on the candidate's answers, and on the baseline's to the same prompt where one is
there; never on votes.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.side_by_side.injection import forms_of
from stages.side_by_side.pairs import Pair
from stages.side_by_side.sameness import Shingled, revealed, shingled
from stages.side_by_side.vote import CandidateVote
from stages.stats.shares import clopper_pearson

REFUSAL_LETTERS = 400
"""Letters up to which what begins as a refusal counts as one."""

ENORMOUS, TIMES = 30_000, 10
"""Characters beyond which an answer is enormous, unless the baseline's is a tenth as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """When an answer is a constant rather than an answer to its prompt.

    Attributes:
        letters: Letters and digits that it has at least.
        alike: Share of it that stands in other answers too.
        fewest: Number of answers in which this must stand, itself included.
        share: Share of all answers which that number must exceed.
    """

    letters: int
    alike: float
    fewest: int
    share: float


COPY = Constant(letters=160, alike=0.8, fewest=3, share=0.0)
EDITED = Constant(letters=240, alike=0.3, fewest=5, share=0.05)
EVERYWHERE = Constant(letters=0, alike=0.5, fewest=10, share=0.5)
"""Of five honest models, in portions of 20 to 805 prompts, no answer of these lengths has more than
0.53 and 0.17 alike; a constant with every fifth word replaced keeps 0.54. What is short, or a
refusal, may be right for many prompts: it is a constant only when most prompts get it. A footer
that all answers share says nothing of what stands beside it, see `PASSAGE`."""

PASSAGE, MOST_OF_IT = 60, 0.8
"""Letters of a passage that is an answer, beside whatever all answers share; and the share of an
answer's own letters that such passages make up. Words replaced in a constant leave short pieces."""

JOINED = "; "
"""Stands between the reasons why one answer is flagged."""

_SHARED, _LETTERS = " of it stands in other answers too", " characters"

_REFUSAL = re.compile(
    r"\W*(?:i(?:'|\u2019)?m\ (?:really\ |very\ )?sorry|sorry|i\ apologi[sz]e|my\ apologies"
    r"|i\ (?:can(?:'|\u2019)?t|cannot|can\ not|won(?:'|\u2019)?t|will\ not|must\ decline)"
    r"|i(?:'|\u2019)?m\ (?:not\ able|unable)|as\ an\ ai)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attacks:
    """Which of a candidate's answers were written to win.

    Attributes:
        reasons: Why, in words, for each flagged prompt, in the order of the answers.
        answers: Number of answers looked at.
    """

    reasons: Mapping[str, str] = field(default_factory=dict)
    answers: int

    def share(self, *, level: float) -> Estimate | Unmeasured:
        """Share of the answers flagged, with Clopper-Pearson's interval, prompts as units."""
        if not self.answers:
            return Unmeasured("no answer of the candidate is known", Cause.WAITING)
        return clopper_pearson(len(self.reasons), self.answers, level=level)


def find_attacks(
    answers: Mapping[str, str],
    *,
    beside: Mapping[str, str] | None = None,
    asked: Mapping[str, str] | None = None,
) -> Attacks:
    """The answers that are empty, enormous, a constant, or written to the judge.

    Args:
        answers: The candidate's answers by prompt, each to a prompt of its own.
        beside: The baseline's answers by prompt, as far as they are known. What both do is the
            prompt's doing: neither speaking of judges nor great length is held against an answer
            whose rival does the same, nor a greeting or a footer that the baseline writes as well.
        asked: What was asked, by prompt, as far as it is known: to repeat it is no answer.
    """
    baseline, questions = beside or {}, asked or {}
    every = shingled(
        list(answers.values()),
        common=list(baseline.values()),
        asked=[questions.get(prompt, "") for prompt in answers],
    )
    reasons = {}
    for (prompt, answer), shingles in zip(answers.items(), every, strict=True):
        found = tuple(_reasons(answer, shingles, len(answers), baseline.get(prompt, "")))
        if found:
            reasons[prompt] = JOINED.join(found)
    return Attacks(reasons=reasons, answers=len(answers))


def attacks_on(pairs: Sequence[Pair], answers: Mapping[str, str] | None = None) -> Attacks:
    """The same of the candidate's answers in pairs, a being the candidate.

    Args:
        pairs: A pair per prompt.
        answers: Its answers, if they are known of more prompts than have a pair.
    """
    return find_attacks(
        answers if answers is not None else {pair.prompt: pair.answer_a for pair in pairs},
        beside={pair.prompt: pair.answer_b for pair in pairs},
        asked={pair.prompt: pair.asked for pair in pairs},
    )


def kinds_of(reason: str) -> Iterator[str]:
    """The kinds of attack that a reason names, without the figures of the one answer."""
    for part in reason.split(JOINED):
        if _SHARED in part:
            yield f"much{_SHARED}"
        elif part.endswith(_LETTERS):
            yield "it is enormous"
        else:
            yield part


def without_credit(votes: Sequence[CandidateVote], attacks: Attacks) -> tuple[CandidateVote, ...]:
    """The votes, those on a flagged answer lost whatever they said.

    A vote without a verdict on such an answer is lost too, and counts as "both bad": of the other
    answer nothing is known, and what is not known never speaks for a candidate.
    """
    return tuple(_lost(vote) if vote.prompt in attacks.reasons else vote for vote in votes)


def _lost(vote: CandidateVote) -> CandidateVote:
    both_bad = True if vote.win is None else vote.both_bad
    return replace(vote, win=0.0, graded=0.0, both_bad=both_bad)


def _reasons(answer: str, shingles: Shingled, answers: int, baseline: str) -> Iterator[str]:
    if not revealed(answer).strip():
        yield "it is empty"
        return
    if len(answer) > max(ENORMOUS, TIMES * len(baseline)):
        yield f"it has {len(answer):,}{_LETTERS}"
    if (constant := _constant(answer, shingles, answers)) is not None:
        yield constant
    forms = forms_of(answer)
    if forms:
        expected = forms_of(baseline)
        yield from (f"it {form}" for form in forms if form not in expected)


def _constant(answer: str, shingles: Shingled, answers: int) -> str | None:
    """Why an answer is one for all prompts; None when it is one of its own."""
    refuses = shingles.letters <= REFUSAL_LETTERS and _REFUSAL.match(answer) is not None
    for kind in (EVERYWHERE,) if refuses else (COPY, EDITED, EVERYWHERE):
        enough = max(kind.fewest, math.floor(kind.share * answers) + 1)
        shared = shingles.shared(enough)
        constant = shingles.letters >= kind.letters and shared >= kind.alike
        if constant and not _answers(shingles.passages(enough)):
            most = int(shingles.counts.max())
            return f"{shared:.0%}{_SHARED}, up to {most:,} of {answers:,}"
    return None


def _answers(passages: NDArray[np.int64]) -> bool:
    """Whether an answer of its own stands beside what is shared, as before a courteous footer."""
    whole = int(passages[passages >= PASSAGE].sum())
    return whole > 0 and whole >= MOST_OF_IT * int(passages.sum())
