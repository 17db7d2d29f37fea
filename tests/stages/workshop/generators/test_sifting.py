from stages.evidence.items import Item
from stages.workshop.bench.near_duplicates import repeated
from stages.workshop.bench.recipe import NearDuplicates
from stages.workshop.generators.cells import Instance
from stages.workshop.generators.parsing import Waste
from stages.workshop.generators.sifting import sifted

LONG = "A train leaves at noon with forty people and at each of its five stops loses three of them"
SHORT = "How many legs do seven spiders have together"
RULES = NearDuplicates(similarity=0.8, words=3)


def item(text: str, *targets: str) -> Item:
    messages = ({"role": "user", "content": text},)
    return Item(id=text[:9], messages=messages, targets=targets, cluster=text[:9])


TESTS = [item(LONG, "25"), item(SHORT), item("2 + 2?")]


def fate(
    *instructions: str, response: str = "so it is", known: tuple[str, ...] = ()
) -> list[Waste | None]:
    given = [
        Instance(id=str(n), instruction=text, response=response)
        for n, text in enumerate(instructions)
    ]
    found = sifted(
        given,
        known=known,
        tests=TESTS,
        repeated=lambda texts, before: repeated(texts, RULES, known=before),
    )
    assert list(found) == [one.id for one in given]
    return list(found.values())


def test_the_first_of_equal_instructions_stays() -> None:
    assert fate("Name a river.", "name a  RIVER", "Name a lake.") == [None, Waste.REPEATED, None]


def test_a_demonstration_is_nothing_new() -> None:
    assert fate("Name a river.", known=("Name a river!",)) == [Waste.REPEATED]


def test_nearly_the_same_is_the_same() -> None:
    first = "Write a short story about a small dog who finds his way home through the rain"
    assert fate(first, f"{first} again") == [None, Waste.REPEATED]


def test_signs_without_words_are_compared_as_they_are() -> None:
    given = [Instance(id=t, instruction=t[:2], response="r") for t in ("!?", "!? ", "??")]
    found = sifted(given, known=(), tests=TESTS, repeated=lambda texts, _: [None] * len(texts))
    assert list(found.values()) == [None, Waste.REPEATED, None]


def test_an_item_of_a_test_is_never_taught() -> None:
    assert fate(LONG) == [Waste.LEAKED]
    assert fate(f"Answer this. {LONG}. Say why.") == [Waste.LEAKED]
    assert fate(" ".join(LONG.split()[2:16])) == [Waste.LEAKED]
    assert fate("Solve what stands below.", response=LONG) == [Waste.LEAKED]


def test_a_short_item_leaks_whole_only() -> None:
    assert fate(SHORT) == [Waste.LEAKED]
    assert fate(f"Tell me please: {SHORT}? Thank you") == [Waste.LEAKED]
    assert fate("2 + 2") == [Waste.LEAKED]
    assert fate("What is 2 + 2 in words") == [None]
    assert fate("How many legs do seven cats have together") == [None]


def test_nothing_is_sifted_of_nothing() -> None:
    assert fate() == []
