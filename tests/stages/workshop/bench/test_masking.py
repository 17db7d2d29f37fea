import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.workshop.bench.masking import Secret, luhn, mask


def jwt(head: object) -> str:
    parts = [json.dumps(head), json.dumps({"sub": "ann"}), "a-signature-of-it"]
    return ".".join(urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


def iban(country: str, account: str) -> str:
    number = int("".join(str(int(c, 36)) for c in f"{account}{country}00"))
    return f"{country}{98 - number % 97:02d}{account}"


KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\nabc+/=\n-----END RSA PRIVATE KEY-----"
HEX = "0123456789abcdef0123456789abcdef"
FOUND = {
    Secret.EMAIL: (
        *("ann@example.org", "ann.b+tag@mail.example.co.uk", "write to <bob_1@uni-x.de>, please"),
        *("mailto:eve%20x@sub.domain.io", "ANN@EXAMPLE.COM.", "(a@b.museum)"),
    ),
    Secret.PHONE: (
        *("+49 171 1234567", "+1 (415) 555-2671", "+44 20 7946 0958", "+33.1.42.68.53.00"),
        *("(415) 555-2671", "415-555-2671", "1-415-555-2671", "415.555.2671"),
        *("call me at 030 1234567", "Tel: 089/12345678", "phone: 5552671999", "0171 2345678"),
    ),
    Secret.CARD: (
        *("4111 1111 1111 1111", "4111111111111111", "5555-5555-5555-4444", "378282246310005"),
        *("6011 0009 9013 9424", "3530111333300000", "3056 930902 5904", "2223 0031 2200 3222"),
    ),
    Secret.IBAN: (
        *("DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "NO9386011117947"),
        *(
            "FR1420041010050500013M02606",
            iban("NL", "ABNA0417164300"),
            "CH93 0076 2011 6238 5295 7",
        ),
    ),
    Secret.IP_ADDRESS: (
        *("8.8.8.8", "my server is 93.184.216.34!", "2606:4700:4700::1111"),
        "from 2a00:1450:4001:0829:0000:0000:0000:200e on",
    ),
    Secret.API_KEY: (
        *(f"sk-{HEX}", f"sk-ant-api03-{HEX}", f"sk-proj-{HEX}_-{HEX}", f"ghp_{HEX}abcd"),
        *(f"github_pat_{HEX}", f"glpat-{HEX}", "AKIAIOSFODNN7EXAMPLE", f"hf_{HEX}abcd"),
        *(
            "AIza" + "SyA1234567890abcdefghijklmnopqrst_-"[:35],
            f"sk_live_{HEX}",
            "xoxb-123456789012-abc",
        ),
        *(
            f"Authorization: Bearer {HEX}",
            f"api_key = '{HEX}'",
            f'"AWS_SECRET_ACCESS_KEY": "{HEX}"',
        ),
        f"export MY_TOKEN={HEX}",
    ),
    Secret.JWT: (jwt({"alg": "HS256", "typ": "JWT"}), f"token {jwt({'alg': 'none'})}, see"),
    Secret.PRIVATE_KEY: (KEY, f"here: {KEY} and so on", KEY.replace("RSA ", ""), KEY[:60]),
    Secret.PASSWORD: (
        *("password: hunter2abc", "my password is Tr0ub4dor&3", "postgres://ann:s3cret@db/x"),
        "pwd=Abc12345",
    ),
    Secret.SOCIAL_SECURITY: ("123-45-6789", "SSN 078-05-1120."),
}
HARMLESS = (
    *("@pytest.fixture", "user@localhost", "git@github.com:org/repo.git", "a @ b", "x@y", "@ann"),
    *("2024-01-15", "1,000,000", "3.14159265", "1234-5678", "10:30 to 11:45", "ISO 8601-1:2019"),
    *("978-3-16-148410-0", "+1 + 2 = 3", "2 + 12345678", "C++11", "123456789", "1 2 3 4 5 6 7 8 9"),
    *("4111 1111 1111 1112", "1234567890123456", "0000 0000 0000 0000", "4111.1111.1111.1111"),
    *(
        "DE00 3704 0044 0532 0130 00",
        "DE89 3704 0044",
        "XX89 3704 0044 0532 0130 00",
        "AB12CDEFGHIJKLMN",
    ),
    *(
        "127.0.0.1",
        "192.168.1.10",
        "10.0.0.8/24",
        "999.1.1.1",
        "v1.2.3.4",
        "version 8.8.8.8",
        "1.2.3",
    ),
    *("::1", "fe80::1", "std::vector<int>", "a::b::c", "12:30:45", "aa:bb:cc:dd:ee:ff", "1:2"),
    *("sk-learn", "sk-2", "task-force-management-of-the-company", "AKIA", "hf_model", "ghp_short"),
    *(
        "password: str",
        "the password is required",
        "token = tokenizer.encode(text)",
        "api_key=None",
    ),
    *(
        "password = os.environ['PASSWORD']",
        "api_key = load_key_from_environment(name)",
        "xoxo-kisses",
    ),
    *(
        "eyJhbGciOiJub3Rq.eyJzdWIi.x",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    ),
    *(
        "000-12-3456",
        "666-12-3456",
        "900-12-3456",
        "123-00-4567",
        "12-345-6789",
        "https://a.b/c:d@e",
    ),
    *(
        "In 1999 and 2000 to 2010",
        "0.001 0.002",
        "0x1234abcd",
        "120/80 mmHg",
        "1/2 3/4",
        "5-10-15-20",
    ),
)


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in FOUND.items() for text in texts]
)
def test_a_secret_is_masked_as_what_it_is(kind: Secret, text: str) -> None:
    found = mask(f"Please see {text} here", tuple(Secret))

    assert found.found.get(kind) == 1, found
    assert f"[{kind.value.upper()}]" in found.text


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    found = mask(f"Please see {text} here", tuple(Secret))

    assert found.text == f"Please see {text} here"
    assert found.found == {}


def test_only_what_is_asked_for_is_masked() -> None:
    text = "ann@example.org, 4111 1111 1111 1111"

    assert mask(text, (Secret.CARD,)).text == "ann@example.org, [CARD]"
    assert mask(text, ()).text == text


def test_every_secret_of_a_text_is_masked_and_its_words_stay() -> None:
    found = mask("I am ann@example.org or bob@example.org, ip 8.8.8.8; why?", tuple(Secret))

    assert found.text == "I am [EMAIL] or [EMAIL], ip [IP_ADDRESS]; why?"
    assert found.found == {Secret.EMAIL: 2, Secret.IP_ADDRESS: 1}


def test_masking_twice_changes_nothing() -> None:
    for texts in FOUND.values():
        for text in texts:
            once = mask(text, tuple(Secret)).text
            assert mask(once, tuple(Secret)).text == once


@given(st.text(max_size=300))
def test_any_text_can_be_masked(text: str) -> None:
    assert isinstance(mask(text, tuple(Secret)).text, str)


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "1",
        "a.",
        "1 ",
        "a@",
        "-----BEGIN PRIVATE KEY-----",
        "1.",
        "eyJ",
        "+1 ",
        ":",
        "AB12 ",
        "0-",
    ],
)
def test_a_long_adversarial_text_takes_no_time(piece: str) -> None:
    import time

    began = time.process_time()
    mask(piece * (20_000 // len(piece)), tuple(Secret))

    assert time.process_time() - began < 2


@given(st.integers(0, 10**15 - 1))
def test_one_digit_makes_a_number_pass_luhns_check(number: int) -> None:
    assert sum(luhn(f"{number}{digit}") for digit in range(10)) == 1


def test_a_token_whose_header_is_nested_without_end_is_only_no_token() -> None:
    header = urlsafe_b64encode(b'{"a":' + b"[" * 100_000).decode().rstrip("=")
    text = f"see {header}.abcd.ef, and ann@example.org"
    found = mask(text, set(Secret))
    assert found.found == {Secret.EMAIL: 1}
    assert header in found.text
