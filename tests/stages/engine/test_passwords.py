import pytest

from stages.engine.passwords import without_password

URLS = [
    "postgresql://me:p%40ss@host/db",
    "postgresql://host/db?user=me&password=p%40ss",
]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("secret", ["p@ss", "p%40ss"])
def test_a_password_is_masked_however_it_is_written(url: str, secret: str) -> None:
    assert without_password(f"bad: {secret}\n here", url=url) == "bad: *** here"


def test_without_a_password_nothing_is_masked() -> None:
    assert without_password("no such host", url="postgresql://host/db") == "no such host"


def test_what_is_said_of_a_url_without_form_is_not_repeated() -> None:
    assert "secret" not in without_password("secret", url="postgresql://me:secret@[host/db")
