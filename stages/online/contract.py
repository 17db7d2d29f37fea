"""The data contract: promises about a few counts, held by Great Expectations, told in sentences."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from stages.evidence.records import Check

if TYPE_CHECKING:
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.expectations.expectation import Expectation

NAME = "data_contract"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What one count of the summary must be.

    Attributes:
        name: Short name; also the summary's column.
        broken: What a broken promise means; the text `{count}` stands for the count.
        listing: How to list the rows; empty when there is no row to list.
        at_least: Least count that keeps it, or None.
        at_most: Greatest count that keeps it, or None.
    """

    name: str
    broken: str
    listing: str = ""
    at_least: float | None = None
    at_most: float | None = None

    def sentence(self, count: float | None) -> str:
        """The sentence of a broken promise."""
        number = "an unknown number of" if count is None else f"{count:,.0f}"
        said = self.broken.replace("{count}", number)
        return f"{said}; list them: {self.listing}" if self.listing else said


def never(name: str, broken: str, listing: str = "") -> Promise:
    """A promise that something does not occur."""
    return Promise(name=name, broken=broken, listing=listing, at_most=0)


def hold(
    promises: Sequence[Promise], counts: Mapping[str, float | None], *, kept: str
) -> tuple[Check, ...]:
    """Whether counts keep every promise.

    Args:
        promises: At least one; a contract without a promise keeps nothing.
        counts: The summary, by promise's name; absent and None break the promise.
        kept: Sentence when all are kept.

    Returns:
        The check `data_contract`, then a failed check `data_contract.NAME` per broken promise.
    """
    broken = _broken(promises, counts) if promises else frozenset({""})
    if not broken:
        return (Check(name=NAME, passed=True, sentence=kept),)
    named = [promise for promise in promises if promise.name in broken]
    said = f"{len(named)} of {len(promises)} promises of the data contract are broken"
    return (
        Check(name=NAME, passed=False, sentence=said),
        *(
            Check(name=f"{NAME}.{p.name}", passed=False, sentence=p.sentence(counts.get(p.name)))
            for p in named
        ),
    )


def _broken(promises: Sequence[Promise], counts: Mapping[str, float | None]) -> frozenset[str]:
    """Names of the promises that Great Expectations sees broken.

    The one-row frame must have exactly one row: an empty frame would keep every promise.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own imports and pandas calls warn on every use
        import great_expectations as gx
        import pandas as pd

        frame = pd.DataFrame([{p.name: counts.get(p.name) for p in promises}], dtype="float64")
        suite = gx.ExpectationSuite(name=NAME, expectations=_expectations(promises))
        batch = _definition().get_batch(batch_parameters={"dataframe": frame})
        results = batch.validate(suite, result_format="BOOLEAN_ONLY").results
    kept: dict[str, list[bool]] = {}
    for result in results:
        config = result.expectation_config
        assert config is not None, "every result names its expectation"
        kept.setdefault(config.kwargs.get("column", ""), []).append(result.success is True)
    every = {"", *(p.name for p in promises)}
    unkept = frozenset(name for name in every if not all(kept.get(name, [False])))
    return frozenset(every) if "" in unkept else unkept


def _expectations(promises: Sequence[Promise]) -> "list[Expectation]":
    from great_expectations.expectations.core.expect_column_values_to_be_between import (
        ExpectColumnValuesToBeBetween,
    )
    from great_expectations.expectations.core.expect_column_values_to_not_be_null import (
        ExpectColumnValuesToNotBeNull,
    )
    from great_expectations.expectations.core.expect_table_row_count_to_be_between import (
        ExpectTableRowCountToBeBetween,
    )

    found: list[Expectation] = [ExpectTableRowCountToBeBetween(min_value=1, max_value=1)]
    for promise in promises:
        found.append(ExpectColumnValuesToNotBeNull(column=promise.name))
        found.append(
            ExpectColumnValuesToBeBetween(
                column=promise.name, min_value=promise.at_least, max_value=promise.at_most
            )
        )
    return found


@cache
def _definition() -> "BatchDefinition[Any]":
    """Where frames are handed to Great Expectations; silent, in memory, made once."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas(NAME).add_dataframe_asset(NAME)
    return asset.add_batch_definition_whole_dataframe(NAME)
