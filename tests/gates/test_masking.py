"""What is shown never holds a secret; too much is masked rather than too little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.masking import MASK, is_secret_name, mask_said, mask_secrets, shown_setting

SECRET = "hunter2"


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://gate:{SECRET}@db.example/gate",
        f"postgresql://gate:a/{SECRET}@db.example/gate",
        f"postgresql://gate:a@{SECRET}@db.example/gate",
        f"postgresql://:{SECRET}@db.example/gate",
        f"https://{SECRET}@github.example/x",
        f"https://{SECRET}:x-oauth-basic@github.example/x",
        f"s3://KEY:{SECRET}@bucket",
        f"mysql+pymysql://u:{SECRET}@h:3306/mlflow?charset=utf8",
        f"https://h.example/x?token={SECRET}",
        f"https://h.example/x?a=1&X-Amz-Signature={SECRET}&b=2",
        f"https://h.example/x#access_token={SECRET}",
        f"postgresql:///gate?host=/run&password={SECRET}",
        f"host=db user=gate password={SECRET} dbname=gate",
        f"api_key={SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"cannot reach https://u:{SECRET}@h/x: connection refused",
    ],
)
def test_a_secret_in_an_address_is_masked(text: str) -> None:
    assert SECRET not in mask_secrets(text)
    assert MASK in mask_secrets(text)


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:////work/mlflow.db",
        "http://localhost:5000",
        "https://mlflow.example/api?page=2",
        "hf://datasets/org/name@revision",
        "models:/assistant@champion",
        "s3://bucket/key.parquet",
        "no address at all",
    ],
)
def test_an_address_without_a_secret_is_shown_as_it_is(text: str) -> None:
    assert mask_secrets(text) == text


@given(
    st.from_regex(r"[A-Za-z0-9%:!$*+._~@/-]{12,20}", fullmatch=True),
    st.sampled_from(["https", "postgresql", "mysql+pymysql", "s3"]),
)
def test_no_password_comes_through(password: str, scheme: str) -> None:
    assert password not in mask_secrets(f"{scheme}://gate:{password}@db.example/gate")


@pytest.mark.parametrize(
    "name",
    ["HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "MLFLOW_TRACKING_PASSWORD", "x.api_key", "sslPassword"],
)
def test_a_setting_named_like_a_secret_is_masked_whole(name: str) -> None:
    assert is_secret_name(name)
    assert shown_setting(name, SECRET) == MASK
    assert shown_setting(name, "") == ""


@pytest.mark.parametrize(
    "name", ["api_key_env", "MLFLOW_TRACKING_URI", "endpoints.key_judge.base_url", "NO_COLOR"]
)
def test_other_settings_are_shown_without_the_secrets_inside(name: str) -> None:
    assert not is_secret_name(name)
    assert shown_setting(name, "plain") == "plain"
    assert SECRET not in shown_setting(name, f"https://u:{SECRET}@h/x")


@pytest.mark.parametrize(
    "end", ["", "\n-----END PRIVATE KEY-----", "\n-----END EC PRIVATE KEY-----"]
)
def test_a_private_key_is_masked_to_its_end_or_the_texts(end: str) -> None:
    text = f"cannot use -----BEGIN PRIVATE KEY-----\n{SECRET}\n{SECRET}{end}"
    assert mask_secrets(text) == f"cannot use {MASK}"


@pytest.mark.parametrize("name", ["trust.key", "trust.keys", "trust.key_public"])
def test_what_only_sounds_secret_is_shown(name: str) -> None:
    assert shown_setting(name, ".gate/keys/ann.pem") == ".gate/keys/ann.pem"


def test_what_a_script_was_given_as_a_secret_is_not_repeated_after_it() -> None:
    variables = {
        "DEPLOY_TOKEN": SECRET,
        "X_SECRET": f"{SECRET}-and-more",
        "db_password": "letmein",
        "AWS_ACCESS_KEY_ID": "AKIA123456",
        "REGION": "eu-west",
        "PWD": "/srv/work",
        "KEYMAP": "de",
    }
    said = f"{SECRET}-and-more {SECRET} letmein AKIA123456 eu-west /srv/work model"
    assert mask_said(said, variables) == f"{MASK} {MASK} {MASK} {MASK} eu-west /srv/work model"
    assert mask_said("token=abc", {}) == f"token={MASK}"
