"""All that is known of a candidate and its baseline: votes, answers, attacks, judgements."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from policies.errors import InputError
from policies.side_by_side import Counted, SideBySidePlan
from stages.engine.subject import Subject
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.records import Cost
from stages.side_by_side.aggregate import Said, Tally, tally
from stages.side_by_side.answering import Answering, Compared
from stages.side_by_side.attacks import Attacks, attacks_on, without_credit
from stages.side_by_side.gathering import Gathered, Gathering
from stages.side_by_side.judged.panel import Judged, Panel
from stages.side_by_side.pairs import Pair
from stages.side_by_side.pairs import settled as by_rule
from stages.side_by_side.vote import CandidateVote, PassedOver, all_seen_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What there is to be summed up.

    Attributes:
        gathered: The votes on any pair.
        counted: Those that count on this one, answers that were written to win earning nothing.
        voted: Whether anybody has voted on this pair.
        attacks: Which answers were written to win, or why that is not known.
        pairs: The answers, as far as they are known.
        unread: Number of prompts whose votes count though the candidate's answer is not known.
        judged: What the panel says, or why it was not asked.
        cost: Of the answers.
    """

    gathered: Gathered
    counted: Tally
    voted: bool
    attacks: Attacks | Unmeasured
    pairs: tuple[Pair, ...]
    unread: int
    judged: Judged | Unmeasured
    cost: Cost

    @property
    def flagged(self) -> Mapping[str, str]:
        """Prompts on which the candidate earns nothing, and why."""
        return self.attacks.reasons if isinstance(self.attacks, Attacks) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """Brings together what is known of a comparison, and asks for what can be asked for.

    Attributes:
        plan: The side-by-side plan.
        gathering: Reads the votes.
        answering: Asks both checkpoints for what judges are to read, and knows what they said
            already; None where only votes are read.
        panel: The judges; None where the plan has none.
    """

    plan: SideBySidePlan
    gathering: Gathering
    answering: Answering | None = None
    panel: Panel | None = None

    def of(self, candidate: Subject, baseline: Subject) -> Comparison:
        """What is known now.

        Raises:
            InputError, PolicyError, Broken: As `Gathering.of` and `Answering.compared` say.
            InputError: A file says of a pair in the rule's name what the rule does not say.
        """
        gathered = self.gathering.of(candidate, baseline)
        answered = self._answered(candidate, baseline, gathered)
        names = (candidate.known_as, baseline.known_as)
        votes = all_seen_from(gathered.votes, *names)
        settled = self._ruled(all_seen_from(gathered.settled, *names), gathered)
        every = (*settled, *votes)
        known = self._known(candidate, baseline, gathered, every)
        found = (
            answered.pairs
            if isinstance(answered, Compared)
            else _shown(gathered, every, names, known)
        )
        _check_ruled(settled, found, gathered)
        answers = _answers(found, every)
        attacks = _attacks(found, answers, lost=_lost(settled))
        counted = tally(
            _with_passes(_earned(votes, attacks), gathered, frozenset(names)),
            prompts=self.plan.prompts_planned,
            overlap=self.plan.overlap,
            among=self._among(gathered),
            settled=_earned(settled, attacks),
            seed=self.plan.seed,
        )
        return Comparison(
            gathered=gathered,
            counted=counted,
            voted=bool(votes),
            attacks=attacks,
            pairs=found,
            unread=sum(turn.prompt not in answers for turn in counted.turns),
            judged=self._judged(candidate, baseline, answered, votes, attacks=attacks),
            cost=answered.cost if isinstance(answered, Compared) else Cost(),
        )

    def _ruled(
        self, settled: Sequence[CandidateVote], gathered: Gathered
    ) -> Sequence[CandidateVote]:
        """What the rule says of the plan's prompts, as far as the plan goes."""
        among = self._among(gathered)
        known = (vote for vote in settled if among is None or vote.prompt in among)
        return tuple(islice(known, self.plan.prompts_planned))

    def _among(self, gathered: Gathered) -> Collection[str] | None:
        """The prompts that votes count on.

        People who correct judges do so on prompts that chance drew: on those that somebody chose,
        judges may be better than on the others.
        """
        if self.plan.count is Counted.FUSED and gathered.prompts is not None:
            return frozenset(gathered.prompts.shown)
        return gathered.among

    def _judged(
        self,
        candidate: Subject,
        baseline: Subject,
        answered: Compared | Unmeasured | None,
        votes: Sequence[CandidateVote],
        *,
        attacks: Attacks | Unmeasured,
    ) -> Judged | Unmeasured:
        if self.panel is None or answered is None:
            return Unmeasured("the plan names no judges")
        if isinstance(answered, Unmeasured):
            return answered
        people = [vote for vote in votes if not vote.judge]
        lost = attacks.reasons if isinstance(attacks, Attacks) else ()
        return self.panel.judge(candidate, baseline, answered.pairs, people=people, lost=lost)

    def _known(
        self,
        candidate: Subject,
        baseline: Subject,
        gathered: Gathered,
        votes: Sequence[CandidateVote],
    ) -> Sequence[Pair]:
        """What both have said already to the prompts that are drawn or voted on; nobody is asked.

        A batch holds the answers that people were shown.
        """
        prompts = gathered.prompts
        if self.answering is None or prompts is None or gathered.batch is not None:
            return ()
        wanted = {item.id for item in prompts.answered} | {vote.prompt for vote in votes}
        items = tuple(item for item in prompts.items if item.id in wanted)
        return self.answering.known(candidate, baseline, replace(prompts, answered=items))

    def _answered(
        self, candidate: Subject, baseline: Subject, gathered: Gathered
    ) -> Compared | Unmeasured | None:
        """Both checkpoints' answers, where judges are to read them."""
        if self.panel is None:
            return None
        if self.answering is None or gathered.prompts is None:
            return Unmeasured("judges need the prompts: the plan's `side_by_side.data`")
        return self.answering.compared(candidate, baseline, gathered.prompts)


def _shown(
    gathered: Gathered,
    votes: Sequence[CandidateVote],
    names: tuple[str, str],
    known: Sequence[Pair],
) -> tuple[Pair, ...]:
    """The answers that people were shown: of the batch, or as votes hold them, or as is known."""
    batch = gathered.batch
    drawn = () if batch is None else (*batch.pairs, *(known.pair for known in batch.settled))
    own = {pair.prompt: pair for pair in drawn if pair.model_a == names[0]}
    held = {pair.prompt: pair for pair in _held(gathered, votes, names)}
    return tuple(({pair.prompt: pair for pair in known} | held | own).values())


def _held(
    gathered: Gathered, votes: Sequence[CandidateVote], names: tuple[str, str]
) -> Iterator[Pair]:
    """The answers that votes hold, beside what the plan's data asked."""
    items = {} if gathered.prompts is None else {i.id: i for i in gathered.prompts.items}
    for vote in votes:
        if vote.answer is not None and vote.rival is not None:
            yield Pair(
                prompt=vote.prompt,
                messages=items[vote.prompt].messages if vote.prompt in items else (),
                model_a=names[0],
                model_b=names[1],
                answer_a=vote.answer,
                answer_b=vote.rival,
            )


def _check_ruled(ruled: Sequence[CandidateVote], pairs: Sequence[Pair], gathered: Gathered) -> None:
    """Refuses a file's win or tie in the rule's name where answers are known and say otherwise.

    A loss cannot be told from the pair alone: an answer that is written to win loses by the rule.
    """
    batch = () if gathered.batch is None else gathered.batch.settled
    own = {known.pair.prompt for known in batch}
    said = {pair.prompt: by_rule(pair) for pair in pairs if pair.prompt not in own}
    for vote in ruled:
        if vote.prompt not in said or vote.win == 0:
            continue
        rule = said[vote.prompt]
        if rule is None or rule.worth.win != vote.win:
            raise InputError(
                f"cannot count what the votes say of prompt {vote.prompt} as the annotator `rule`",
                why="nobody judges by that name, and its two answers say otherwise: a baseline's "
                "empty answer loses, equal answers tie, and all others are for people to read",
                fix="take the line out of the votes file, or name the annotator who said it",
            )


def _lost(settled: Sequence[CandidateVote]) -> Collection[str]:
    """Prompts whose answers were found to be written to win when the batch was made.

    An answer that is there loses by no other rule.
    """
    return [
        vote.prompt for vote in settled if vote.win == 0 and vote.answer and vote.answer.strip()
    ]


def _earned(
    votes: Sequence[CandidateVote], attacks: Attacks | Unmeasured
) -> Sequence[CandidateVote]:
    return votes if isinstance(attacks, Unmeasured) else without_credit(votes, attacks)


def _with_passes(
    votes: Sequence[CandidateVote], gathered: Gathered, pair: frozenset[str]
) -> Sequence[Said]:
    """The votes on a pair, and where among them it was passed over."""
    left = iter(votes)
    return [
        each if isinstance(each, PassedOver) else next(left)
        for each in gathered.said
        if each.pair == pair
    ]


def _answers(pairs: Sequence[Pair], votes: Sequence[CandidateVote]) -> Mapping[str, str]:
    """The candidate's answers by prompt, as far as they are known."""
    held = {vote.prompt: vote.answer for vote in votes if vote.answer is not None}
    return held | {pair.prompt: pair.answer_a for pair in pairs}


def _attacks(
    pairs: Sequence[Pair], answers: Mapping[str, str], *, lost: Collection[str]
) -> Attacks | Unmeasured:
    """Which answers of the candidate were written to win, whoever saw them."""
    if not answers:
        return Unmeasured("the answers that were compared are not known", Cause.WAITING)
    found = attacks_on(pairs, answers)
    known = dict.fromkeys(lost, "it was found so among all answers when the batch was made")
    return replace(found, reasons={**known, **found.reasons})
