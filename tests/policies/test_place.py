"""pydantic's locations are told in the keys of the file, without pydantic's own marks."""

from pydantic import BaseModel

from policies.place import place_of
from policies.policy import Policy


def test_the_tag_of_a_union_is_no_key_of_the_file() -> None:
    place = place_of(Policy, ("plan", "offline", "qa", "scorer", "scorer"))
    assert place.at == ("plan", "offline", "qa", "scorer")
    assert "data" in place.known
    assert "classifier" not in place.known
    assert "classifier" in place.elsewhere
    assert "data" not in place.elsewhere


def test_a_key_of_the_same_name_as_a_tag_stays() -> None:
    place = place_of(Policy, ("plan", "offline", "scorer", "classifier", "data"))
    assert place.at == ("plan", "offline", "scorer", "data")


def test_the_mark_of_a_refused_key_is_left_out() -> None:
    assert place_of(Policy, ("keep", "offlin", "[key]")).at == ("keep", "offlin")


def test_known_keys_are_those_of_the_enclosing_model() -> None:
    place = place_of(Policy, ("criteria", 3, "non_inferior", "margn"))
    assert place.known == {"margin", "relative_margin"}
    assert place.elsewhere == frozenset()


def test_nothing_is_known_inside_an_unknown_key() -> None:
    assert place_of(Policy, ("modell", "deep")).known == frozenset()
    assert place_of(Policy, ("model", "deep")).known == frozenset()


def test_the_whole_file_has_the_empty_path() -> None:
    assert place_of(Policy, ()).at == ()


class Inner(BaseModel):
    """A model inside a list that may be absent."""

    name: str


class Outer(BaseModel):
    """A model with a list that may be absent."""

    inner: tuple[Inner, ...] | None = None


def test_optional_lists_of_models_are_seen_through() -> None:
    assert place_of(Outer, ("inner", 0, "nam")).known == {"name"}
