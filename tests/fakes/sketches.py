"""Pictures that are not drawn, for tests that decide and look at no picture: drawing is dear."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from unittest.mock import patch

import pytest

ROOMS = ("tests/gates/", "tests/integration/")
"""Where pictures are sketched, but for tests that are marked `pictures`."""

DRAWN = ("demo/", "reports/", "test_pages.py", "workshop/")
"""What draws in the first of them: what is looked at there."""

SKETCH = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a4944415478da63f80f00010101001cb08c990000000049454e44ae426082"
)
"""A white dot as PNG."""


def looks_at_none(item: pytest.Item) -> bool:
    """Whether a test sees no picture of ours."""
    file = item.nodeid.partition("::")[0]
    if item.get_closest_marker("pictures"):
        return False
    return file.startswith(ROOMS) and not file.removeprefix(ROOMS[0]).startswith(DRAWN)


@contextmanager
def sketched() -> Iterator[None]:
    """Everything up to the drawing happens inside; in place of each picture stands a dot."""
    from matplotlib.figure import Figure

    def sketch(_figure: Figure, out: BytesIO, **_how: object) -> None:
        out.write(SKETCH)

    with patch.object(Figure, "savefig", sketch):
        yield
