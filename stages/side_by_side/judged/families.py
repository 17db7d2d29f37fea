"""Who made a model, told from its name: a judge favours its own family's answers."""

import re

_MAKERS = (
    ("eleutherai", r"gpt-?neox?|gpt-?j|pythia|eleutherai"),
    ("openai", r"openai|chatgpt|gpt|(?<![0-9])o[1-9](?![0-9])|davinci|codex"),
    ("anthropic", r"anthropic|claude"),
    ("google", r"google|gemini|gemma|palm|bison|bard"),
    ("meta", r"meta|llama|codellama|tinyllama|vicuna|alpaca|tulu"),
    ("mistral", r"mistralai|mistral|mixtral|ministral|codestral|magistral|devstral|pixtral"),
    ("alibaba", r"alibaba|qwen|qwq"),
    ("deepseek", r"deepseek"),
    ("xai", r"xai|grok"),
    ("microsoft", r"microsoft|phi|wizardlm|orca"),
    ("cohere", r"cohere|command|c4ai|aya"),
    ("01.ai", r"01-ai|yi"),
    ("amazon", r"amazon|nova|titan"),
    ("ibm", r"ibm|granite"),
    ("nvidia", r"nemotron"),
    ("zhipu", r"zhipu|thudm|chatglm|glm"),
    ("moonshot", r"moonshotai|moonshot|kimi"),
    ("ai21", r"ai21|jamba|jurassic"),
    ("databricks", r"databricks|dbrx|dolly"),
    ("tii", r"tiiuae|falcon"),
    ("allenai", r"allenai|olmo"),
    ("baidu", r"baidu|ernie"),
    ("shanghai ai laboratory", r"internlm"),
    ("baichuan", r"baichuan"),
    ("minimax", r"minimax|abab"),
    ("stability", r"stabilityai|stablelm"),
)
"""Families, and the words of a model's name that tell of them; of two that stand at one place the
upper one. A model tuned from another's weights, such as Vicuna, is of that other's family."""

_NAMED = tuple(
    (family, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])")) for family, words in _MAKERS
)


def family_of(name: str) -> str | None:
    """The family that a model's name tells of; None when it tells of none.

    The first word of the name that is known decides: `deepseek-r1-distill-llama-70b` is DeepSeek's.
    Digits and signs end a word, so that `llama3` and `gpt-4o` are known, and `philosopher` is not.

    Args:
        name: Of a model as an endpoint or a registry calls it, such as `meta-llama/Llama-3-8B`.
    """
    found = [
        (match.start(), place, family)
        for place, (family, words) in enumerate(_NAMED)
        if (match := words.search(name.casefold()))
    ]
    return min(found)[2] if found else None
