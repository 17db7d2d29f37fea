"""A recipe is read strictly, and every problem names file, line and field."""

from pathlib import Path

import pytest

from gates.workshop.recipe_file import read_recipe
from policies.base import Count
from policies.errors import InputError
from stages.workshop.recipe import Recipe


class Soup(Recipe):
    """A recipe of a test."""

    onions: Count
    salt: float = 1.5


def written(folder: Path, text: str) -> Path:
    path = folder / "soup.yaml"
    path.write_text(text)
    return path


def test_a_recipe_is_read_with_its_folder(tmp_path: Path) -> None:
    path = written(tmp_path, "recipe: soup\nonions: 2\nbudget: {calls_at_most: 10}\n")
    file = read_recipe(path, Soup)
    assert file.recipe == Soup.model_validate(
        {"recipe": "soup", "onions": 2, "budget": {"calls_at_most": 10}}
    )
    assert file.folder == tmp_path


def test_a_default_that_is_written_out_changes_no_digest(tmp_path: Path) -> None:
    plain = read_recipe(written(tmp_path, "recipe: soup\nonions: 2\n"), Soup)
    spelt = read_recipe(written(tmp_path, "recipe: soup\nonions: 2\nsalt: 1.5\n"), Soup)
    salty = read_recipe(written(tmp_path, "recipe: soup\nonions: 2\nsalt: 2.0\n"), Soup)
    assert plain.recipe.sha256 == spelt.recipe.sha256 != salty.recipe.sha256


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("recipe: soup\nonions: 0\n", ":2: onions: found `0`; expected"),
        ("recipe: soup\nonion: 2\n", ":2: onion"),
        ("recipe: soup\n", ":1: onions: found nothing"),
        ("recipe: Soup!\nonions: 1\n", ":1: recipe"),
        ("recipe: soup\nonions: 1\nsalt: .nan\n", ":3: salt"),
        ("recipe: soup\nonions: [1\n", ":"),
        ("", ":1:"),
    ],
)
def test_a_problem_names_file_line_and_field(tmp_path: Path, text: str, why: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError, match="cannot use the recipe") as caught:
        read_recipe(path, Soup)
    assert f"soup.yaml{why}" in caught.value.why


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the recipe"):
        read_recipe(tmp_path / "none.yaml", Soup)
    path = tmp_path / "soup.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError) as caught:
        read_recipe(path, Soup)
    assert "not utf-8" in caught.value.why
