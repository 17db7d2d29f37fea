"""A link is one person's in one batch, expires, and is no lead's."""

from datetime import timedelta

from gates.side_by_side.links import LEAD, Addresses
from stages.side_by_side.ballots.person import Person
from stages.side_by_side.web.deck import alias_of
from stages.side_by_side.web.links import Link, Links, Refused, Role
from tests.fakes.workplace import NOW

KEY = b"k" * 32
ANN = Person(name="ann/1", link=3)
DAY = timedelta(days=1)


def addresses(key: bytes = KEY) -> Addresses:
    return Addresses(origin="https://votes.example.org", key=key, clock=lambda: NOW, valid_for=DAY)


def read(address: str, role: Role, *, after: timedelta = timedelta()) -> Link | Refused:
    links = Links(KEY, clock=lambda: NOW + after, valid_for=DAY)
    return links.read(address.rsplit("/", 1)[1], role)


def test_a_persons_link_says_who_they_are_and_of_which_batch() -> None:
    address = addresses().of_person("june", ANN)
    assert address.startswith("https://votes.example.org/")
    assert read(address, Role.ANNOTATOR) == Link(batch=alias_of("june"), person="ann/1", version=3)


def test_an_annotators_link_opens_nothing_of_the_leads() -> None:
    assert isinstance(read(addresses().of_person("june", ANN), Role.LEAD), Refused)
    lead = addresses().of_lead("june")
    assert isinstance(read(lead, Role.ANNOTATOR), Refused)
    found = read(lead, Role.LEAD)
    assert isinstance(found, Link)
    assert (found.person, found.batch) == (LEAD, alias_of("june"))


def test_a_link_expires() -> None:
    address = addresses().of_person("june", ANN)
    assert isinstance(read(address, Role.ANNOTATOR, after=DAY - timedelta(minutes=1)), Link)
    assert isinstance(read(address, Role.ANNOTATOR, after=2 * DAY), Refused)


def test_another_secret_opens_nothing() -> None:
    address = addresses(b"x" * 32).of_person("june", ANN)
    assert isinstance(read(address, Role.ANNOTATOR), Refused)


def test_the_batchs_name_is_not_in_the_link() -> None:
    assert "june-harbor" not in addresses().of_person("june-harbor", ANN)
