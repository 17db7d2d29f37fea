from pathlib import Path

import click
import pytest

from gates.cli.recipe_work import Flags, Work, folder_for, open_work
from gates.workshop.recipe_file import RecipeFile
from stages.workshop.recipe import Recipe
from tests.fakes.shell import said


def _work(folder: Path, *, store: str, as_json: bool = False) -> Work:
    (folder / "gate.toml").write_text(f'[mlflow]\ntracking_uri = "{store}"\n')
    given = Flags(
        recipe=folder / "r.yaml",
        workspace=folder,
        tracking_uri=None,
        state=str(folder / "state"),
        as_json=as_json,
    )
    return open_work(given)


def test_pages_of_a_server_are_named_after_the_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = _work(tmp_path, store="http://mlflow:5000")

    work.tell(dict, lambda: click.echo("made"), pages=["http://mlflow:5000/#/1", "http://x/#/2"])

    assert capsys.readouterr().out == "made\npage: http://mlflow:5000/#/1\npage: http://x/#/2\n"


def test_where_a_store_has_no_pages_it_is_said_once_how_to_see_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = _work(tmp_path, store="postgresql://gate:secret@db/mlflow")

    work.tell(dict, lambda: None, pages=["", ""])

    out = capsys.readouterr().out
    assert out.startswith("to look at it: mlflow ui --backend-store-uri postgresql://")
    assert out.count("\n") == 1
    assert "secret" not in out


def test_as_json_nothing_but_the_document_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = _work(tmp_path, store="sqlite:///mlflow.db", as_json=True)

    work.tell(lambda: {"page": None}, lambda: click.echo("made"), pages=[""])

    assert capsys.readouterr().out == '{\n  "page": null\n}\n'


def test_what_a_recipe_makes_stands_beside_it_unless_a_folder_is_named(tmp_path: Path) -> None:
    file = RecipeFile(recipe=Recipe(recipe="first"), path=tmp_path / "r.yaml")

    assert folder_for(file, None, beside="judges") == tmp_path / "judges" / "first"
    assert folder_for(file, Path("there"), beside="judges") == Path.cwd() / "there"


@pytest.mark.parametrize("verb", ["build-bench", "assess-bench", "train-judge", "grade-generator"])
def test_a_recipe_that_is_not_there_is_told_before_the_store_is_opened(
    tmp_path: Path, verb: str
) -> None:
    names = ["gpt"] if verb == "grade-generator" else []

    ended = said("workshop", verb, str(tmp_path / "no.yaml"), *names, "--workspace", str(tmp_path))

    assert ended.code == 2
    assert f"cannot read the recipe {tmp_path}/no.yaml" in ended.err
    assert not list(tmp_path.iterdir())
