"""The form in which two wordings of one short answer are the same text."""

import re
import string
import unicodedata

_ARTICLES = re.compile(r"\b(a|an|the)\b")


def normalized_answer(text: str) -> str:
    """The text in SQuAD's normal form.

    Lower case, without punctuation, without the articles a, an and the, single spaces. Widened
    to Unicode: compatibility characters are folded (NFKC), case is folded, and every character
    of a punctuation category goes, not only ASCII's. A text of nothing but articles and
    punctuation gives "".

    References:
        Rajpurkar et al. (2016), the official evaluation script, `normalize_answer`.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    bare = "".join(c for c in folded if not _is_punctuation(c))
    return " ".join(_ARTICLES.sub(" ", bare).split())


def _is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")
