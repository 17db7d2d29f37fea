import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.offline.memorization import verbatim
from stages.offline.memorization.verbatim import folded, recitals

LETTERS = st.text(alphabet="ab \n", max_size=60)
PIECES = st.lists(LETTERS, max_size=5)


def every_span(output: str, document: str, at_least: int) -> set[tuple[int, str]]:
    """Slow twin: every pair of positions, extended as far as both texts agree."""
    spans = set()
    for i in range(len(output)):
        for j in range(len(document)):
            if i and j and output[i - 1] == document[j - 1]:
                continue
            n = 0
            while (
                i + n < len(output) and j + n < len(document) and output[i + n] == document[j + n]
            ):
                n += 1
            if n >= at_least:
                spans.add((i, output[i : i + n]))
    return spans


@given(st.lists(LETTERS, max_size=4), st.lists(PIECES, max_size=3), st.integers(1, 9))
@settings(max_examples=300, deadline=None)
def test_every_shared_span_is_found_and_the_longest_is_named(
    outputs: list[str], documents: list[list[str]], at_least: int
) -> None:
    named = {str(i): text for i, text in enumerate(outputs)}
    found = recitals(
        named, [(str(i), pieces) for i, pieces in enumerate(documents)], at_least=at_least
    )
    for name, text in named.items():
        output = folded(text)
        spans = set().union(*(every_span(output, folded("".join(d)), at_least) for d in documents))
        assert (name in found) == bool(spans)
        if spans:
            covered = {i for start, span in spans for i in range(start, start + len(span))}
            assert len(found[name].longest.text) == max(len(span) for _, span in spans)
            assert found[name].covered == pytest.approx(len(covered) / len(output))


@given(st.lists(LETTERS, min_size=1, max_size=4), PIECES, st.integers(1, 9))
@settings(max_examples=100, deadline=None)
def test_a_named_span_stands_where_it_says_it_does(
    outputs: list[str], pieces: list[str], at_least: int
) -> None:
    named = {str(i): text for i, text in enumerate(outputs)}
    for name, recital in recitals(named, [("doc", pieces)], at_least=at_least).items():
        span = recital.longest
        assert folded(named[name])[span.start : span.end] == span.text
        document = folded("".join(pieces))
        assert document[span.offset : span.offset + len(span.text)] == span.text


@pytest.mark.parametrize("block", [1, 7, 64])
def test_spans_across_block_borders_are_whole(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(verbatim, "_BLOCK_CHARACTERS", block)
    rng = np.random.default_rng(3)
    document = "".join(rng.choice(list("abcdefgh"), 600))
    outputs = {str(i): "x" * i + document[i * 37 : i * 37 + 60] + "y" for i in range(12)}
    found = recitals(outputs, [("doc", [document])], at_least=50)
    assert {name: r.longest.text for name, r in found.items()} == {
        str(i): document[i * 37 : i * 37 + 60] for i in range(12)
    }
    assert {name: r.longest.offset for name, r in found.items()} == {
        str(i): i * 37 for i in range(12)
    }


def test_white_space_hides_nothing() -> None:
    poem = "Shall I compare thee to a summer's day? Thou art more lovely and more temperate"
    found = recitals(
        {"a": "Sure:\n\n" + poem.replace(" ", "  \n")}, [("poem", [poem])], at_least=50
    )
    assert found["a"].longest.text == poem


def test_one_character_short_is_no_recital() -> None:
    text = "".join(chr(0x4E00 + i) for i in range(49))
    assert recitals({"a": f"<{text}>"}, [("d", [f"[{text}]"])], at_least=50) == {}
    assert recitals({"a": f"<{text}>"}, [("d", [f"[{text}]"])], at_least=49)["a"].covered == (
        pytest.approx(49 / 51)
    )


def test_equal_hashes_of_different_texts_are_no_recital(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        verbatim,
        "_hashes",
        lambda c, w, *, stride=1: np.ones(len(c[: len(c) - w + 1 : stride]), np.uint64),
    )
    assert recitals({"a": "abcdefgh" * 4}, [("d", ["ijklmnop" * 4])], at_least=20) == {}


def test_endless_repetition_ends() -> None:
    found = recitals({"a": "-" * 3000}, [("d", ["-" * 300_000])], at_least=50)
    assert found["a"].covered == 1.0


@pytest.mark.parametrize("outputs", [{}, {"a": ""}, {"a": "short"}])
def test_nothing_to_recite_gives_no_recital(outputs: dict[str, str]) -> None:
    assert recitals(outputs, [("d", ["some text " * 50])], at_least=50) == {}


def test_a_span_of_no_character_is_a_callers_bug() -> None:
    with pytest.raises(ValueError, match="at least one"):
        recitals({}, [], at_least=0)
