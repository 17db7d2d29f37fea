"""An annotator's pages: the next pair, votes, skips and flags, undo, guidelines, opting out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import assert_never

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stages.side_by_side.assignment import Task
from stages.side_by_side.ballots.cast import Accepted, Ballot, NoTask, Refusal
from stages.side_by_side.ballots.cast import Refused as NotTaken
from stages.side_by_side.ballots.standing import Guidelines
from stages.side_by_side.preference import Preference
from stages.side_by_side.web.conversation import turns_of
from stages.side_by_side.web.entry import Cookie, Visit, entrance, posted_by, shown_to, turned_away
from stages.side_by_side.web.links import Refused, Role
from stages.side_by_side.web.pages import page
from stages.side_by_side.web.safe_html import safe_html
from stages.side_by_side.web.site import Site
from stages.side_by_side.web.tickets import Ticket, seconds_on_task

LONGEST_COMMENT = 4_000
"""Characters."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A button of the page.

    Attributes:
        key: The key that presses it, and its value.
        words: What stands on it.
        said: What it means, A being the answer on the left.
    """

    key: str
    words: str
    said: Preference


CHOICES = (
    Choice("1", "A much better", Preference.A_MUCH_BETTER),
    Choice("2", "A better", Preference.A_BETTER),
    Choice("3", "About equal", Preference.TIE),
    Choice("4", "B better", Preference.B_BETTER),
    Choice("5", "B much better", Preference.B_MUCH_BETTER),
    Choice("0", "Both bad", Preference.BOTH_BAD),
)
"""The buttons, from left to right."""

_SAID = {
    **{choice.key: f"Saved: {choice.words.lower()}." for choice in CHOICES},
    "skipped": "Skipped.",
    "undone": "Taken back: this is the pair again.",
    "nothing": "There is nothing to take back.",
    "flagged": "Flagged: the lead will see it.",
    "already": "You had answered that pair already; your first answer stands until you undo it.",
    "taken": "Somebody else was given that pair in the meantime; your answer was not needed.",
    "why": "Say in a word why you skip or flag a pair.",
    "long": f"A comment has at most {LONGEST_COMMENT:,} characters; nothing was saved.",
    "stale": "That page was too old; nothing was saved. This is the pair to do now.",
    "settings": "Saved: what you are not shown.",
}


class AnnotatorPages:
    """Pages of one site's annotators."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route("/enter/{token}", entrance(self._site, Role.ANNOTATOR)),
            self._shown("/", self.task),
            self._shown("/guidelines", self.guidelines),
            self._shown("/settings", self.settings),
            self._posted("/vote", self.vote),
            self._posted("/skip", self.skip),
            self._posted("/flag", self.flag),
            self._posted("/undo", self.undo),
            self._posted("/guidelines", self.read),
            self._posted("/settings", self.opt_out),
        ]

    def task(self, visit: Visit) -> Response:
        """The pair to do now, or why there is none."""
        told = self._site.box.batches.guidelines(visit.batch)
        if told.text and visit.receipt != self._receipt(visit, told):
            return _to("/guidelines")
        task = self._site.box.next_task(visit.batch, visit.name, now=self._site.clock())
        if isinstance(task, NoTask):
            return page("rest.html", {**self._common(visit, told, None), "rest": task})
        return self._shown_task(visit, told, task)

    def guidelines(self, visit: Visit) -> Response:
        """What annotators are told now."""
        told = self._site.box.batches.guidelines(visit.batch)
        read = visit.receipt == self._receipt(visit, told)
        values = {**self._common(visit, told, None), "guidelines": told, "read": read}
        return page("guidelines.html", values)

    def read(self, visit: Visit) -> Response:
        """The guidelines were read."""
        told = self._site.box.batches.guidelines(visit.batch)
        if visit.form.get("version") != str(told.version):
            return _to("/guidelines")
        response = _to("/")
        response.set_cookie(
            Cookie.READ,
            self._receipt(visit, told),
            max_age=self._site.keep_seconds,
            secure=visit.secure,
            httponly=True,
            samesite="strict",
        )
        return response

    def settings(self, visit: Visit) -> Response:
        """What a person does not want to be shown."""
        told = self._site.box.batches.guidelines(visit.batch)
        person = self._site.box.people.get(visit.batch, visit.name)
        values = {"harms": visit.deck.harms, "opted_out": person.opted_out}
        return page("settings.html", {**self._common(visit, told, None), **values})

    def opt_out(self, visit: Visit) -> Response:
        """Categories of harm that a person does not want to be shown."""
        chosen = [harm for harm in visit.form.all("harm") if harm in visit.deck.harms]
        now = self._site.clock()
        self._site.box.people.opt_out(visit.batch, visit.name, chosen, now=now)
        return _to("/?said=settings")

    def vote(self, visit: Visit) -> Response:
        """A preference."""
        key = visit.form.get("verdict")
        said = {choice.key: choice.said for choice in CHOICES}.get(key)
        return _to("/?said=stale") if said is None else self._cast(visit, said, then=key)

    def skip(self, visit: Visit) -> Response:
        """A pair that somebody else shall judge, and why."""
        if not visit.form.get("comment"):
            return _to("/?said=why")
        return self._cast(visit, Preference.UNRESOLVED, then="skipped")

    def flag(self, visit: Visit) -> Response:
        """Something is wrong with the pair; it stays the task."""
        return self._on_pair(visit, lambda _, pair: self._flagged(visit, pair))

    def undo(self, visit: Visit) -> Response:
        """The last vote or skip is taken back."""
        ticket = self._ticket(visit)
        if ticket is None:
            return _to("/?said=stale")
        undone = self._site.box.undo(
            visit.batch, visit.name, token=f"{ticket.nonce}-undo", now=self._site.clock()
        )
        return self._not_taken(undone) if isinstance(undone, NotTaken) else _to("/?said=undone")

    def _cast(self, visit: Visit, said: Preference, *, then: str) -> Response:
        def cast(ticket: Ticket, pair: str) -> Response:
            now = self._site.clock()
            ballot = Ballot(
                person=visit.name,
                pair=pair,
                said=said,
                seconds=seconds_on_task(ticket.shown, now.timestamp(), visit.form.get("seconds")),
                comment=visit.form.get("comment"),
                guidelines=ticket.guidelines,
                token=ticket.nonce,
            )
            match self._site.box.cast(visit.batch, ballot, now=now):
                case Accepted():
                    return _to(f"/?said={then}")
                case NotTaken() as refused:
                    return self._not_taken(refused)

        return self._on_pair(visit, cast)

    def _on_pair(self, visit: Visit, do: Callable[[Ticket, str], Response]) -> Response:
        ticket = self._ticket(visit)
        pair = None if ticket is None else visit.deck.pair(ticket.number)
        if ticket is None or pair is None:
            return _to("/?said=stale")
        if len(visit.form.get("comment")) > LONGEST_COMMENT:
            return _to("/?said=long")
        return do(ticket, pair.id)

    def _flagged(self, visit: Visit, pair: str) -> Response:
        comment = visit.form.get("comment")
        if not comment:
            return _to("/?said=why")
        flag = self._site.box.flag(
            visit.batch, visit.name, pair, comment=comment, now=self._site.clock()
        )
        return self._not_taken(flag) if isinstance(flag, NotTaken) else _to("/?said=flagged")

    def _not_taken(self, refused: NotTaken) -> Response:
        match refused.why:
            case Refusal.STOPPED:
                return _to("/")
            case Refusal.PAUSED:
                return turned_away(Refused.PAUSED)
            case Refusal.REMOVED:
                return turned_away(Refused.REMOVED)
            case Refusal.UNKNOWN:
                return _to("/?said=stale")
            case Refusal.ALREADY | Refusal.TAKEN | Refusal.NOTHING:
                return _to(f"/?said={refused.why}")
            case _:
                assert_never(refused.why)

    def _shown_task(self, visit: Visit, told: Guidelines, task: Task) -> Response:
        number = visit.deck.number(task.pair)
        pair = visit.deck.pairs[number]
        answers = [safe_html(pair.answer_a), safe_html(pair.answer_b)]
        values = {
            "turns": turns_of(pair.messages),
            "answers": zip("AB", answers if task.a_first else reversed(answers), strict=True),
            "choices": CHOICES,
            "place": task.position + 1,
            "about": max(self._site.shares.of(visit.deck.batch), task.position + 1),
            "longest": LONGEST_COMMENT,
        }
        return page("task.html", {**self._common(visit, told, number), **values})

    def _common(self, visit: Visit, told: Guidelines, number: int | None) -> Mapping[str, object]:
        ticket = Ticket(
            number=-1 if number is None else number,
            guidelines=told.version,
            nonce=token_urlsafe(16),
            shown=round(self._site.clock().timestamp(), 3),
        )
        return {
            "ticket": self._site.tickets.sign(ticket, person=visit.name),
            "form": self._site.tickets.form_token(visit.session),
            "said": _SAID.get(visit.said, ""),
            "has_guidelines": bool(told.text),
            "has_settings": bool(visit.deck.harms),
        }

    def _ticket(self, visit: Visit) -> Ticket | None:
        return self._site.tickets.read(visit.form.get("ticket"), person=visit.name)

    def _receipt(self, visit: Visit, told: Guidelines) -> str:
        return self._site.tickets.form_token(f"{visit.session} read {told.version}")

    def _shown(self, path: str, handler: Callable[[Visit], Response]) -> Route:
        return Route(path, shown_to(self._site, Role.ANNOTATOR, handler))

    def _posted(self, path: str, handler: Callable[[Visit], Response]) -> Route:
        return Route(path, posted_by(self._site, Role.ANNOTATOR, handler), methods=["POST"])


def _to(path: str) -> RedirectResponse:
    return RedirectResponse(path, status_code=303)
