"""The only reader of the environment."""

import os


def environment() -> dict[str, str]:
    """Every environment variable, as it is now."""
    return dict(os.environ)
