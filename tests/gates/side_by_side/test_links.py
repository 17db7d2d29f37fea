"""A link is one person's in one batch, expires, and is no lead's."""

from datetime import timedelta

import pytest

from gates.side_by_side.links import LEAD, Addresses, origin_of
from policies.errors import WrongUsage
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
    lead = addresses().of_lead("june", version=2)
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


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("https://Votes.Example/", "https://votes.example"),
        ("HTTPS://votes.example:443", "https://votes.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://[::1]:8443/", "https://[::1]:8443"),
        ("https://stimmen_1.größe.example", "https://stimmen_1.größe.example"),
    ],
)
def test_a_site_is_written_as_browsers_write_it(said: str, written: str) -> None:
    assert origin_of(said) == written


@pytest.mark.parametrize(
    "said",
    [
        "votes.example",
        "//votes.example",
        "ftp://votes.example",
        "https://",
        "https://votes.example/sxs",
        "https://votes.example?x=1",
        "https://votes.example#x",
        "https://me@votes.example",
        "https://votes.example:port",
        "https://[votes.example",
        "https://votes example",
        "https://votes.example ",
        "https://votes,example",
        "https://votes.example%20",
    ],
)
def test_what_is_no_whole_site_is_refused(said: str) -> None:
    with pytest.raises(WrongUsage, match="cannot reach"):
        origin_of(said)
