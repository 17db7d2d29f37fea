"""Pairs that people voted on, read from their votes and from what was shown to them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from policies.canonical import sha256_of_bytes
from policies.errors import InputError
from stages.engine.data import ItemFile, check_digest, read_bytes, without_credentials
from stages.evidence.items import Item, question_digest
from stages.side_by_side.formats.answers import Answer, parse_arena_hard_answers
from stages.side_by_side.formats.rows import Row, all_or_none, csv_rows, json_rows
from stages.side_by_side.vote import Vote
from stages.side_by_side.votes import each_once, parse_votes
from stages.workshop.self_taught.recipe import Test

_ANSWERS = "give answers as CSV or JSON lines with the columns prompt, model, text"
_PROMPTS = "give prompts as CSV or JSON lines with the columns prompt, text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voted:
    """Pairs with people's votes.

    Attributes:
        file: Items as of `pairs: people`; those about one conversation are one unit.
        left_out: Why other pairs that were voted on are not among them, by prompt and models.
    """

    file: ItemFile
    left_out: Mapping[str, str]


def read_voted(test: Test, *, base: Path) -> Voted:
    """The pairs of a test that names votes.

    Votes on one pair are added up, whichever answer was shown first; what says that both are bad is
    a tie here, as no judge can say more of it.

    Args:
        test: Its files.
        base: Folder that their paths start from.

    Raises:
        DatasetChanged: When they are not what the recipe froze.
        InputError: When a file cannot be read, a vote is no person's, or an answer that was voted
            on is not there.
    """
    data = {name: read_bytes(name, base=base) for name in test.files}
    whole, shown = b"".join(data.values()), [without_credentials(name) for name in data]
    check_digest(whole, test.sha256, where=" and ".join(shown))
    votes = each_once(
        vote
        for name in test.votes
        for vote in parse_votes(data[name], written_by=test.format, where=without_credentials(name))
    )
    answers = _answers(test, data)
    items, left_out = [], {}
    for (prompt, *models), said in _counted(votes, answers).items():
        one, other = (answers[prompt, model] for model in models)
        name = " / ".join((prompt, *models))
        why = _not_shown(one, other)
        if why is None:
            items.append(_item(name, one, other, said))
        else:
            left_out[name] = why
    if not items:
        raise InputError(
            f"cannot test judges on {shown[0]}",
            why=f"no pair of it can be judged: {next(iter(left_out.values()), 'nobody voted')}",
            fix="name files of people's votes on two different answers",
        )
    return Voted(
        file=ItemFile(url=shown[0], sha256=sha256_of_bytes(whole), items=tuple(items)),
        left_out=left_out,
    )


_Pair = tuple[str, str, str]
"""A prompt's id, and the names of two models in order."""

_Answers = Mapping[tuple[str, str], Answer]
"""By prompt and model."""


def _counted(votes: Sequence[Vote], answers: _Answers) -> Mapping[_Pair, Counter[str]]:
    """What people say of every pair: how many are for `a`, for `b` and for neither."""
    found: dict[_Pair, Counter[str]] = {}
    for vote in votes:
        if vote.judge:
            raise InputError(
                f"cannot test judges by the vote at {vote.where}",
                why=f"`{vote.annotator}` is a judge, not a person",
                fix="name votes of people (llmfao's table of them has a column `worker`)",
            )
        if vote.win_a is None or vote.ruled:
            continue
        one, other = sorted(vote.pair)
        for model, text in ((vote.model_a, vote.answer_a), (vote.model_b, vote.answer_b)):
            _demand_answer(vote, model, text, answers)
        win = vote.win_a if vote.model_a == one else 1 - vote.win_a
        said = "tie" if win == 0.5 else "a" if win > 0.5 else "b"  # noqa: PLR2004 - half is a tie
        found.setdefault((vote.prompt, one, other), Counter())[said] += 1
    return found


def _demand_answer(vote: Vote, model: str, text: str | None, answers: _Answers) -> None:
    """The answer that was voted on is there, and is the one that the vote is about."""
    known = answers.get((vote.prompt, model))
    if known is not None and text in (None, known.text):
        return
    why = f"no answer of `{model}` to prompt `{vote.prompt}` is in `answers`"
    if known is not None:
        why = f"it is about another answer of `{model}` than {known.where}"
    raise InputError(
        f"cannot test judges by the vote at {vote.where}",
        why=why,
        fix="name files with the answers that people were shown, models named as in the votes",
    )


def _not_shown(one: Answer, other: Answer) -> str | None:
    """Why a judge cannot be asked about two answers; None when it can."""
    if not one.text.strip() or not other.text.strip():
        return "one of its answers is empty"
    return "its answers are the same" if one.text.strip() == other.text.strip() else None


def _item(name: str, one: Answer, other: Answer, said: Mapping[str, int]) -> Item:
    return Item(
        id=name,
        messages=one.messages,
        cluster=question_digest(one.messages),
        fields={"answer_a": one.text, "answer_b": other.text, "votes": dict(said)},
    )


def _answers(test: Test, data: Mapping[str, bytes]) -> _Answers:
    found: dict[tuple[str, str], Answer] = {}
    asked = {} if test.prompts is None else _prompts(test.prompts, data[test.prompts])
    for name in test.answers:
        read = (
            parse_arena_hard_answers(data[name], where=without_credentials(name))
            if test.prompts is None
            else _table(name, data[name], asked)
        )
        for answer in read:
            known = found.setdefault((answer.prompt, answer.model), answer)
            if (known.text, known.messages) != (answer.text, answer.messages):
                raise InputError(
                    f"cannot read the record at {answer.where}",
                    why=f"`{answer.model}` answers the same prompt differently at {known.where}",
                    fix="keep the answer that people were shown",
                )
    return found


def _prompts(name: str, data: bytes) -> Mapping[str, str]:
    rows = all_or_none(_rows(name, data, ("prompt", "text"), _PROMPTS), lambda row: (row,))
    found: dict[str, str] = {}
    for row in rows:
        prompt, text = row.name("prompt"), row.text("text")
        if found.setdefault(prompt, text) != text:
            raise row.refused(f"prompt `{prompt}` has another text before")
    return found


def _table(name: str, data: bytes, prompts: Mapping[str, str]) -> tuple[Answer, ...]:
    def read(row: Row) -> Iterator[Answer]:
        prompt = row.name("prompt")
        if prompt not in prompts:
            raise row.refused(f"no prompt `{prompt}` is in `prompts`")
        yield Answer(
            prompt=prompt,
            messages=({"role": "user", "content": prompts[prompt]},),
            model=row.name("model"),
            text=row.maybe_text("text") or "",
            where=row.where,
        )

    return all_or_none(_rows(name, data, ("prompt", "model", "text"), _ANSWERS), read)


def _rows(name: str, data: bytes, columns: Sequence[str], fix: str) -> Iterator[Row | InputError]:
    where = without_credentials(name)
    if PurePosixPath(where).suffix == ".csv":
        return csv_rows(data, where=where, columns=columns, fix=fix)
    return json_rows(data, where=where, fix=fix)
