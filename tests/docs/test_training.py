"""The page on the workshop: every setting of a training, with its default."""

import pytest

from policies.base import Strict
from stages.workshop.training.settings import Base, Training
from tests.docs.page import read, rows, section
from tests.docs.test_policies import described

PAGE = section(read("workshop.md"), "Training")


@pytest.mark.parametrize(
    ("kind", "begins"), [(Base, "The base, in a folder"), (Training, "How it is trained")]
)
def test_every_setting_of_a_training_is_described_with_its_default(
    kind: type[Strict], begins: str
) -> None:
    table = PAGE.split(begins)[1].split("\n\n")[1]
    said = {name: cells[0] for name, cells in rows(table).items()}
    assert said == {name: described(field) for name, field in kind.model_fields.items()}
