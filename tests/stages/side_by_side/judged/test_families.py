import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.side_by_side.judged.families import family_of


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("gpt-4o-2024-08-06", "openai"),
        ("openai/o3-mini", "openai"),
        ("o1", "openai"),
        ("ft:gpt-4o-mini:acme::7p4lURel", "openai"),
        ("chatgpt-4o-latest", "openai"),
        ("claude-3-5-sonnet-20241022", "anthropic"),
        ("us.anthropic.claude-sonnet-4-v1:0", "anthropic"),
        ("gemini-1.5-pro", "google"),
        ("models/gemma-2-9b-it", "google"),
        ("meta-llama/Meta-Llama-3.1-70B-Instruct", "meta"),
        ("llama3", "meta"),
        ("vicuna-13b", "meta"),
        ("mistralai/Mixtral-8x22B", "mistral"),
        ("Qwen2.5-72B-Instruct", "alibaba"),
        ("deepseek-r1-distill-llama-70b", "deepseek"),
        ("grok-2", "xai"),
        ("microsoft/Phi-3.5-mini", "microsoft"),
        ("phi4", "microsoft"),
        ("command-r-plus", "cohere"),
        ("EleutherAI/gpt-neox-20b", "eleutherai"),
        ("gpt-j-6b", "eleutherai"),
        ("01-ai/Yi-34B", "01.ai"),
    ],
)
def test_a_name_tells_the_family(name: str, family: str) -> None:
    assert family_of(name) == family
    assert family_of(name.upper()) == family


@pytest.mark.parametrize(
    "name",
    ["", "assistant", "harbor-10", "judge", "philosopher-7b", "proto1", "v01", "gptish", "metal"],
)
def test_a_name_that_tells_nothing_is_not_guessed(name: str) -> None:
    assert family_of(name) is None


@given(st.text(max_size=40))
def test_any_name_has_one_family_or_none(name: str) -> None:
    found = family_of(name)
    assert found is None or found == family_of(f" {name} ")
