"""The lead's pages: how a batch goes, its people, its guidelines, disputes, and an end to it."""

from collections.abc import Callable, Mapping

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stages.side_by_side.ballots.person import Person, Status
from stages.side_by_side.ballots.topics import by_topic
from stages.side_by_side.web.annotator import CHOICES
from stages.side_by_side.web.conversation import turns_of
from stages.side_by_side.web.entry import Visit, entrance, posted_by, shown_to
from stages.side_by_side.web.links import Link, Role
from stages.side_by_side.web.overview import (
    in_words,
    is_turned,
    median_speed,
    shown_dispute,
)
from stages.side_by_side.web.pages import page
from stages.side_by_side.web.sheets import people_csv, skips_csv, votes_csv
from stages.side_by_side.web.site import Site

_SAID = {
    "added": "Added.",
    "changed": "Changed.",
    "published": "Published: everybody is shown the new guidelines before their next pair.",
    "same": "These are the guidelines already; nothing was published.",
    "stopped": "The batch is stopped: it takes no more votes.",
    "unsure": "Nothing was stopped: say why, and tick that you are sure.",
    "settled": "Your word is kept beside the votes, which stand as they were.",
}


LONGEST_NAME = 200
"""Characters of a person's name, and of their kind of user."""


class LeadPages:
    """Pages of those who lead one site's batches."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route("/lead/enter/{token}", entrance(self._site, Role.LEAD)),
            self._shown("/lead", self.overview),
            self._shown("/lead/disputes", self.disputes),
            self._shown("/lead/people.csv", self.people_sheet),
            self._shown("/lead/votes.csv", self.votes_sheet),
            self._shown("/lead/skips.csv", self.skips_sheet),
            self._posted("/lead/add", self.add),
            self._posted("/lead/person", self.change),
            self._posted("/lead/guidelines", self.publish),
            self._posted("/lead/stop", self.stop),
            self._posted("/lead/disputes", self.adjudicate),
        ]

    def overview(self, visit: Visit) -> Response:
        """How the batch goes, and everything that a lead may do but settle disputes."""
        box, batch = self._site.box, visit.deck.batch
        votes, summaries = box.standing_votes(batch.name), box.summaries(batch.name)
        disputes = box.disputes.all(batch.name)
        values = {
            "progress": box.progress(batch.name),
            "topics": by_topic(batch, votes),
            "agreement": in_words(self._site.agreement(votes)),
            "speed": median_speed(summaries),
            "open_disputes": sum(found.adjudication is None for found in disputes),
            "summaries": summaries,
            "rules": batch.terms.rules,
            "guidelines": box.batches.guidelines(batch.name),
            "flags": [(visit.deck.number(flag.pair) + 1, flag) for flag in box.flags(batch.name)],
            "skips": [(visit.deck.number(skip.pair) + 1, skip) for skip in box.skips(batch.name)],
            "longest": LONGEST_NAME,
        }
        return page("lead.html", {**self._common(visit), **values})

    def disputes(self, visit: Visit) -> Response:
        """Pairs whose votes contradict each other, those first that nobody settled."""
        batch = visit.deck.batch
        shown = [
            (
                visit.deck.number(found.pair),
                shown_dispute(found, batch),
                turns_of(batch.shown[found.pair].messages),
            )
            for found in self._site.box.disputes.all(batch.name)
        ]
        values = {"disputes": shown, "choices": CHOICES}
        return page("disputes.html", {**self._common(visit), **values})

    def people_sheet(self, visit: Visit) -> Response:
        """Accepted votes and time per person."""
        return _sheet("people.csv", people_csv(self._site.box.summaries(visit.batch)))

    def votes_sheet(self, visit: Visit) -> Response:
        """Accepted votes."""
        return _sheet("votes.csv", votes_csv(self._site.box.standing_votes(visit.batch)))

    def skips_sheet(self, visit: Visit) -> Response:
        """What people left for others."""
        return _sheet("skips.csv", skips_csv(self._site.box.skips(visit.batch), visit.deck.batch))

    def add(self, visit: Visit) -> Response:
        """Somebody may vote; their link is shown once. Who is on the list already stays as is."""
        name, segment = visit.form.get("person"), visit.form.get("segment")
        people = self._site.box.people
        if not name:
            return self._not_taken(visit, "whoever is added needs a name")
        if max(len(name), len(segment)) > LONGEST_NAME:
            most = f"at most {LONGEST_NAME} characters"
            return self._not_taken(visit, f"a name has {most}, and so has a kind of user")
        for person in people.all(visit.batch):
            if person.name == name and person.status is not Status.REMOVED:
                return page("listed.html", {**self._common(visit), "person": person}, status=409)
        person = people.add(
            visit.batch, name, segment=segment, by=visit.name, now=self._site.clock()
        )
        return self._link_page(visit, person)

    def change(self, visit: Visit) -> Response:
        """Somebody is paused, resumed, removed, or given a new link."""
        people, by, now = self._site.box.people, visit.name, self._site.clock()
        name, why = visit.form.get("person"), visit.form.get("why") or "by the lead"
        match visit.form.get("do"):
            case "pause":
                people.pause(visit.batch, name, why=why, by=by, now=now)
            case "resume":
                people.resume(visit.batch, name, by=by, now=now)
            case "remove":
                people.remove(visit.batch, name, why=why, by=by, now=now)
            case "reissue":
                person = people.reissue_link(visit.batch, name, by=by, now=now)
                return self._link_page(visit, person)
            case _:
                ways = "paused, resumed, removed, or given a new link"
                return self._not_taken(visit, f"people are {ways}; nothing else is done to them")
        return _to("/lead?said=changed")

    def publish(self, visit: Visit) -> Response:
        """A new version of the guidelines."""
        text = visit.form.get("text")
        if not text:
            return self._not_taken(visit, "guidelines say something")
        batches, now = self._site.box.batches, self._site.clock()
        before = batches.guidelines(visit.batch).version
        after = batches.publish(visit.batch, text, by=visit.name, now=now).version
        return _to(f"/lead?said={'same' if after == before else 'published'}")

    def stop(self, visit: Visit) -> Response:
        """The batch takes no more votes."""
        why = visit.form.get("why")
        if not why or visit.form.get("sure") != "yes":
            return _to("/lead?said=unsure")
        now = self._site.clock()
        self._site.box.batches.stop(visit.batch, why=why, by=visit.name, now=now)
        return _to("/lead?said=stopped")

    def adjudicate(self, visit: Visit) -> Response:
        """What the lead says of a disputed pair."""
        pair = visit.deck.numbered(visit.form.get("number"))
        said = {choice.key: choice.said for choice in CHOICES}.get(visit.form.get("verdict"))
        if pair is None:
            return self._not_taken(visit, "the batch has no pair of that number", back="disputes")
        if said is None:
            return self._not_taken(visit, "choose what you say of the pair", back="disputes")
        self._site.box.disputes.adjudicate(
            visit.batch,
            pair.id,
            lead=visit.name,
            preference=said.turned if is_turned(pair.id) else said,
            comment=visit.form.get("comment"),
            now=self._site.clock(),
        )
        return _to("/lead/disputes?said=settled")

    def _link_page(self, visit: Visit, person: Person) -> Response:
        link = Link(batch=visit.deck.alias, person=person.name, version=person.link)
        address = self._site.links.address(visit.origin, link, Role.ANNOTATOR)
        return page("link.html", {**self._common(visit), "person": person, "address": address})

    def _not_taken(self, visit: Visit, why: str, *, back: str = "") -> Response:
        values = {"why": why, "back": f"/lead/{back}".rstrip("/")}
        return page("not_taken.html", {**self._common(visit), **values}, status=400)

    def _common(self, visit: Visit) -> Mapping[str, object]:
        form = self._site.tickets.form_token(visit.session)
        return {"form": form, "said": _SAID.get(visit.said, ""), "batch": visit.batch}

    def _shown(self, path: str, handler: Callable[[Visit], Response]) -> Route:
        return Route(path, shown_to(self._site, Role.LEAD, handler))

    def _posted(self, path: str, handler: Callable[[Visit], Response]) -> Route:
        return Route(path, posted_by(self._site, Role.LEAD, handler), methods=["POST"])


def _sheet(name: str, data: bytes) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type="text/csv; charset=utf-8", headers=headers)


def _to(path: str) -> RedirectResponse:
    return RedirectResponse(path, status_code=303)
