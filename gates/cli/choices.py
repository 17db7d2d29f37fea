"""Words of which an option takes one."""

import click


class Spelled(click.Choice[str]):
    """One of some words, which may be written with underscores, as policies have them."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word, with hyphens."""
        return super().convert(value.replace("_", "-"), param, ctx)
