import pytest
from pydantic import ValidationError

from stages.workshop.training.settings import Base, Lora, Training


def test_a_training_says_only_what_differs_from_the_defaults() -> None:
    assert Training().said() == {}
    assert Training(lora=Lora(rank=4), epochs=2.0).said() == {"epochs": 2.0, "lora": {"rank": 4}}


def test_a_step_is_made_of_whole_parts() -> None:
    assert Training(batch=64, at_once=4).batch == 64
    with pytest.raises(ValidationError, match="multiple of `at_once`"):
        Training(batch=64, at_once=5)


@pytest.mark.parametrize(
    "said",
    [
        {"learning_rate": 0},
        {"learning_rate": float("nan")},
        {"epochs": -1.0},
        {"precision": "fp16"},
        {"warmup": 1.0},
        {"trust_remote_code": True},
    ],
)
def test_nonsense_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Training.model_validate(said)


def test_a_base_never_runs_code_and_is_pinned_by_a_whole_commit() -> None:
    with pytest.raises(ValidationError):
        Base.model_validate({"where": "org/model", "trust_remote_code": True})
    with pytest.raises(ValidationError):
        Base(where="org/model", revision="main")
