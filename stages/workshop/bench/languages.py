"""The language of a prompt, by its bytes."""

import re
from collections.abc import Callable

from stages.engine.libraries import demand

_SHOWN = 1_500
"""Characters that are looked at: more say no more."""

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", re.DOTALL)


def language_teller() -> Callable[[str], str]:
    """What tells the language of a text, as an ISO 639 code: `en`.

    py3langid's naive Bayes over byte n-grams of 97 languages. Code in blocks and addresses are left
    out; of less than a sentence it is often wrong.

    Raises:
        Broken: When py3langid is not installed.

    References:
        Lui and Baldwin (2012), "langid.py: an off-the-shelf language identification tool".
    """
    demand(
        "py3langid",
        what="cannot tell languages",
        fix="pip install 'checkpoint-gate[workshop]', or leave `languages` out of the recipe",
    )
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)

    def told(text: str) -> str:
        prose = _CODE.sub(" ", text).strip() or text
        return str(identifier.classify(prose[:_SHOWN])[0])

    return told
