"""Words of which an option takes one, and numbers that are numbers."""

import math

import click


class Spelled(click.Choice[str]):
    """One of some words, which may be written with underscores, as policies have them."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word, with hyphens."""
        return super().convert(value.replace("_", "-"), param, ctx)


class Number(click.FloatRange):
    """A number within a range: `nan` is within none, and `inf` is nothing that can be waited for.

    Every option with a fraction takes one: click's own range lets `nan` through, since it is
    neither below nor above any limit.
    """

    name = "number"

    def convert(
        self, value: float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number."""
        found: float = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value} is no number that can be counted with", param, ctx)
        return found


class Holder(click.ParamType[str]):
    """What an alias points to: the number of a version, or `none`."""

    name = "N"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """The number as MLflow writes it, or `none`."""
        said = str(value)
        if said != "none" and not (said.isascii() and said.isdecimal()):
            self.fail(f"`{said}` is no version's number, such as 12, nor `none`", param, ctx)
        return said
