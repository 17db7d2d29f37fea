import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.offline.normalizing import normalized_answer


@given(st.text(max_size=60))
@settings(deadline=None)
def test_normalising_twice_changes_nothing_more_than_articles(text: str) -> None:
    once = normalized_answer(text)
    assert once == " ".join(once.split())
    assert normalized_answer(once).split() == [
        word for word in once.split() if word not in ("a", "an", "the")
    ]


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Cat!", "cat"),
        ("a", ""),
        ("« l'été »", "lété"),
        ("50 $", "50"),
        ("co-operate", "cooperate"),
        ("ﬀ", "ff"),
    ],
)
def test_normal_form(text: str, normal: str) -> None:
    assert normalized_answer(text) == normal
