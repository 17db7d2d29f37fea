"""Personal data and secrets in prompts: found by their form, checked, and masked."""

import base64
import ipaddress
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Secret(StrEnum):
    """What is masked."""

    PRIVATE_KEY = "private_key"
    JWT = "jwt"
    API_KEY = "api_key"
    PASSWORD = "password"  # noqa: S105 - the name of a kind
    EMAIL = "email"
    IBAN = "iban"
    CARD = "card"
    IP_ADDRESS = "ip_address"
    SOCIAL_SECURITY = "social_security"
    PHONE = "phone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """A text without what was found.

    Attributes:
        text: Every finding is replaced by its kind: `[EMAIL]`.
        found: How many of each kind.
    """

    text: str
    found: Mapping[Secret, int]

    @property
    def beside(self) -> str:
        """What stands beside the findings."""
        marks = "|".join(re.escape(_mark(kind)) for kind in self.found)
        return " ".join(re.sub(marks, " ", self.text).split()) if marks else self.text


def mask(text: str, kinds: Collection[Secret]) -> Masked:
    """A text with personal data and secrets masked.

    A form alone is not enough where a check exists: cards by Luhn's digit, IBANs by theirs and
    their country's length, tokens by their header, addresses of the public internet only. Names of
    people and streets have no form, and are not found.

    Args:
        text: Any text.
        kinds: What is looked for.
    """
    found: Counter[Secret] = Counter()
    for kind in (kind for kind in Secret if kind in kinds):
        for rule in _RULES[kind]:
            text = rule.applied(text, kind, found)
    return Masked(text=text, found=dict(found))


def _mark(kind: Secret) -> str:
    """What stands in the place of a finding."""
    return f"[{kind.value.upper()}]"


def luhn(digits: str) -> bool:
    """Whether the last digit is Luhn's check digit of the others (ISO/IEC 7812-1, annex B)."""
    doubled = [int(d) * 2 if place % 2 else int(d) for place, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0  # noqa: PLR2004 - digit sums


@dataclass(frozen=True, slots=True)
class _Rule:
    """A form; what its group `it` holds (or all of it) is masked where the check holds."""

    form: re.Pattern[str]
    check: Callable[[str], bool] = lambda _: True

    def applied(self, text: str, kind: Secret, found: Counter[Secret]) -> str:
        name = _mark(kind)

        def masked(match: re.Match[str]) -> str:
            it = "it" if "it" in self.form.groupindex else 0
            if not self.check(match[it]):
                return match[0]
            found[kind] += 1
            begin, end = match.start(it) - match.start(), match.end(it) - match.start()
            return f"{match[0][:begin]}{name}{match[0][end:]}"

        return self.form.sub(masked, text)


def _is_jwt(token: str) -> bool:
    head = token.partition(".")[0]
    try:
        said = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and "alg" in said


def _looks_random(value: str) -> bool:
    """A password or key rather than a word, a type or code: letters and digits, not one letter."""
    return (
        any(c.isdigit() for c in value) and any(c.isalpha() for c in value) and len(set(value)) >= 5  # noqa: PLR2004 - `xxxx1` is a placeholder
    )


def _is_card(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return len(set(digits)) > 1 and luhn(digits)


_IBAN_LENGTHS = {
    # SWIFT, IBAN registry, release 98: length by country
    "NO": 15,
    "BE": 16,
    "DK": 18,
    "FI": 18,
    "FO": 18,
    "GL": 18,
    "NL": 18,
    "SD": 18,
    "MK": 19,
    "SI": 19,
    "AT": 20,
    "BA": 20,
    "EE": 20,
    "KZ": 20,
    "LT": 20,
    "LU": 20,
    "MN": 20,
    "XK": 20,
    "CH": 21,
    "HR": 21,
    "LI": 21,
    "LV": 21,
    "BG": 22,
    "BH": 22,
    "CR": 22,
    "DE": 22,
    "GB": 22,
    "GE": 22,
    "IE": 22,
    "ME": 22,
    "RS": 22,
    "VA": 22,
    "AE": 23,
    "GI": 23,
    "IL": 23,
    "IQ": 23,
    "OM": 23,
    "SO": 23,
    "TL": 23,
    "AD": 24,
    "CZ": 24,
    "ES": 24,
    "MD": 24,
    "PK": 24,
    "RO": 24,
    "SA": 24,
    "SE": 24,
    "SK": 24,
    "TN": 24,
    "VG": 24,
    "LY": 25,
    "PT": 25,
    "ST": 25,
    "IS": 26,
    "TR": 26,
    "FR": 27,
    "GR": 27,
    "IT": 27,
    "MC": 27,
    "MR": 27,
    "SM": 27,
    "AL": 28,
    "AZ": 28,
    "BY": 28,
    "CY": 28,
    "DO": 28,
    "GT": 28,
    "HU": 28,
    "LB": 28,
    "NI": 28,
    "PL": 28,
    "BR": 29,
    "EG": 29,
    "PS": 29,
    "QA": 29,
    "UA": 29,
    "JO": 30,
    "KW": 30,
    "MU": 30,
    "YE": 30,
    "MT": 31,
    "SC": 31,
    "LC": 32,
    "RU": 33,
    "DJ": 27,
    "BI": 27,
    "FK": 18,
}


def _is_iban(text: str) -> bool:
    plain = re.sub(r"[ -]", "", text).upper()
    if _IBAN_LENGTHS.get(plain[:2]) != len(plain):
        return False
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def _is_public(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


def _is_phone(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return 8 <= len(digits) <= 15 and len(set(digits)) > 2  # noqa: PLR2004 - E.164


def _rule(form: str, check: Callable[[str], bool] | None = None) -> _Rule:
    pattern = re.compile(form, re.VERBOSE)
    return _Rule(pattern) if check is None else _Rule(pattern, check)


_RULES: Mapping[Secret, tuple[_Rule, ...]] = {
    Secret.PRIVATE_KEY: (
        _rule(
            r"""-----BEGIN\ (?P<kind>[A-Z ]{0,30}PRIVATE\ KEY(?:\ BLOCK)?)-----
                (?:(?!-----BEGIN)[\s\S])*?(?:-----END\ (?P=kind)-----|\Z)"""
        ),
    ),
    Secret.JWT: (_rule(r"\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*(?!\w)", _is_jwt),),
    Secret.API_KEY: (
        _rule(
            r"""(?<![\w-])(?:
                sk-(?:ant-|proj-|svcacct-|or-v1-)?[A-Za-z0-9_-]{20,}   # OpenAI, Anthropic, ...
              | (?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}            # Stripe
              | gh[pousr]_[A-Za-z0-9]{36,} | github_pat_[A-Za-z0-9_]{22,}
              | glpat-[A-Za-z0-9_-]{20,}
              | (?:AKIA|ASIA)[A-Z0-9]{16}                              # AWS
              | AIza[A-Za-z0-9_-]{35}                                  # Google
              | xox[abeprs]-[A-Za-z0-9-]{10,}                          # Slack
              | hf_[A-Za-z0-9]{30,} | npm_[A-Za-z0-9]{36} | pypi-AgEI[A-Za-z0-9_-]{50,}
              | SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}             # SendGrid
            )(?![\w-])"""
        ),
        _rule(r"(?i:\bbearer)\ +(?P<it>[A-Za-z0-9._~+/-]{20,}=*)", _looks_random),
        _rule(
            r"""(?i:\b(?:[a-z0-9]{1,20}[_-]){0,3}
                (?:api[_-]?key|secret(?:[_-]?key)?|access[_-]?key|auth[_-]?token|token))
                ["']?\s{0,3}[:=]\s{0,3}["']?(?P<it>[A-Za-z0-9_+/.-]{16,}={0,2})(?![\w(\[])""",
            _looks_random,
        ),
    ),
    Secret.PASSWORD: (
        _rule(r"(?i:\b[a-z][a-z0-9+.-]{1,20}://)[^\s/:@]{1,100}:(?P<it>[^\s/:@]{3,100})@"),
        _rule(
            r"""(?i:\b(?:password|passwd|passphrase|pwd|passwort|contraseña))\b
                ["']?\s{0,3}(?:[:=]|\ is\ )\s{0,3}["']?(?P<it>[^\s"',;()<>\[\]{}]{6,100})""",
            _looks_random,
        ),
    ),
    Secret.EMAIL: (
        _rule(
            r"""(?<![\w.+%@/-])(?!git@)[A-Za-z0-9_%+-]+(?:\.[A-Za-z0-9_%+-]+){0,8}
                @(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![\w@])"""
        ),
    ),
    Secret.IBAN: (
        _rule(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}(?![A-Za-z0-9])", _is_iban),
        _rule(
            r"""(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:\ [A-Z0-9]{4}){2,7}(?:\ [A-Z0-9]{1,3})?
                (?![A-Za-z0-9])""",
            _is_iban,
        ),
    ),
    Secret.CARD: (
        _rule(
            r"""(?<![\d.,-])(?:
                3[47]\d{2}[ -]?\d{6}[ -]?\d{5}
              | (?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6(?:011|5\d{2}|4[4-9]\d)|35\d{2})
                (?:[ -]?\d{4}){3}(?:[ -]?\d{3})?
              | 3(?:0[0-5]|[68]\d)\d[ -]?\d{6}[ -]?\d{4}
            )(?![\d-])(?!\.\d)""",
            _is_card,
        ),
    ),
    Secret.IP_ADDRESS: (
        _rule(
            r"""(?<![\w.:-])(?<!\bv)(?<!ersion\ )
                (?P<it>\d{1,3}(?:\.\d{1,3}){3})(?![\w-])(?!\.\d)""",
            _is_public,
        ),
        _rule(
            r"(?<![\w:.])(?P<it>(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?![\w:])", _is_public
        ),
    ),
    Secret.SOCIAL_SECURITY: (
        _rule(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])"),
    ),
    Secret.PHONE: (
        _rule(
            r"""(?<![\w+.])\+[1-9]\d{0,2}(?:[ .-]?\(0\))?(?:[ ./-]?\(?\d{1,5}\)?){2,6}
                (?![\w])(?!\.\d)""",
            _is_phone,
        ),
        _rule(
            r"""(?<![\w.+-])(?:1[ .-])?(?:\([2-9]\d{2}\)\ ?|[2-9]\d{2}[ .-])[2-9]\d{2}
                [ .-]\d{4}(?![\w-])""",
            _is_phone,
        ),
        _rule(
            r"""(?i:\b(?:tel(?:efon|éfono|ephone)?|phone|mobile|handy|cell|call(?:\ me)?(?:\ at)?
                |whatsapp|fax)\b)[\s:.]{1,4}(?P<it>\(?\+?\d[\d\ ()./-]{6,20}\d)(?![\w])""",
            _is_phone,
        ),
        _rule(r"(?<![\w.+/-])0[1-9]\d{1,4}[ /-]\d{2,4}[ -]?\d{3,6}(?![\w/.-])", _is_phone),
    ),
}
