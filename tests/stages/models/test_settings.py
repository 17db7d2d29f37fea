import pytest

from policies.errors import WrongUsage
from stages.models.settings import EndpointSettings


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timeout_seconds", 0),
        ("timeout_seconds", float("nan")),
        ("retries", -1),
        ("attempts", 0),
        ("slots", 0),
        ("slots", 1025),
        ("requests_per_minute", 0),
        ("requests_per_minute", float("nan")),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(field: str, value: float) -> None:
    with pytest.raises(WrongUsage) as caught:
        EndpointSettings(**{field: value})

    assert field in caught.value.message
    assert field in caught.value.fix


@pytest.mark.parametrize(
    "url", ["vllm:8000/v1", "ftp://host/v1", "http://", "", "http://[::1/v1", "file:///etc/passwd"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(WrongUsage, match="cannot use the endpoint"):
        EndpointSettings(base_url=url)


@pytest.mark.parametrize(
    "url",
    ["https://me:secret@host/v1", "https://me:secret@[host/v1", "https://me:secret@ho\u2100st"],
)
def test_a_password_in_the_address_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        EndpointSettings(base_url=url)

    assert "secret" not in str(caught.value)


def test_the_key_is_not_shown() -> None:
    settings = EndpointSettings(base_url="https://vllm-{version}.example/v1", api_key="secret")

    assert "secret" not in repr(settings)
