"""The data contract: promises about a few counts, held by Great Expectations, told in sentences."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from policies.canonical import Json
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A promise that was held against its count.

    Attributes:
        promise: The promise.
        count: The count; None when there is none, which breaks it.
        kept: Whether Great Expectations saw it kept.
    """

    promise: Promise
    count: float | None
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractReport:
    """All that the contract found, to be kept beside the look.

    Attributes:
        held: Every promise, in order.
        checks: What it says of validity: `data_contract`, a failed check per broken promise, and
            whatever else was found.
        validation: Great Expectations' own result; None when nothing was held.
    """

    held: tuple[Held, ...]
    checks: tuple[Check, ...]
    validation: Json = None

    @property
    def kept(self) -> bool:
        """Whether there was any promise, and every one is kept."""
        return bool(self.held) and all(one.kept for one in self.held)


def never(name: str, broken: str, listing: str = "") -> Promise:
    """A promise that something does not occur."""
    return Promise(name=name, broken=broken, listing=listing, at_most=0)


def hold(
    promises: Sequence[Promise], counts: Mapping[str, float | None], *, kept: str
) -> tuple[Check, ...]:
    """Whether counts keep every promise; the checks of `report`."""
    return report(promises, counts, kept=kept).checks


def report(
    promises: Sequence[Promise], counts: Mapping[str, float | None], *, kept: str
) -> ContractReport:
    """Holds counts to promises.

    Args:
        promises: At least one; a contract without a promise keeps nothing.
        counts: The summary, by promise's name; absent and None break the promise.
        kept: Sentence when all are kept.

    Returns:
        The report; its checks are `data_contract`, then a failed check `data_contract.NAME` per
        broken promise.
    """
    if not promises:
        said = "the data contract has no promise that could be kept"
        return ContractReport(held=(), checks=(Check(name=NAME, passed=False, sentence=said),))
    found = _validated(promises, counts)
    broken = _broken(promises, found)
    held = tuple(
        Held(promise=p, count=_known(counts.get(p.name)), kept=p.name not in broken)
        for p in promises
    )
    return ContractReport(held=held, checks=_checks(held, kept), validation=found)


def _known(count: float | None) -> float | None:
    return None if count is None or math.isnan(count) else count


def _checks(held: Sequence[Held], kept: str) -> tuple[Check, ...]:
    broken = [one for one in held if not one.kept]
    if not broken:
        return (Check(name=NAME, passed=True, sentence=kept),)
    said = f"{len(broken)} of {len(held)} promises of the data contract are broken"
    each = [(f"{NAME}.{one.promise.name}", one.promise.sentence(one.count)) for one in broken]
    return (
        Check(name=NAME, passed=False, sentence=said),
        *(Check(name=name, passed=False, sentence=sentence) for name, sentence in each),
    )


def _validated(promises: Sequence[Promise], counts: Mapping[str, float | None]) -> dict[str, Json]:
    """What Great Expectations says of the one-row frame of counts, without its own times and ids.

    The frame must have exactly one row: an empty frame would keep every promise.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own imports and pandas calls warn on every use
        import great_expectations as gx
        import pandas as pd

        frame = pd.DataFrame([{p.name: counts.get(p.name) for p in promises}], dtype="float64")
        suite = gx.ExpectationSuite(name=NAME, expectations=_expectations(promises))
        batch = _definition().get_batch(batch_parameters={"dataframe": frame})
        found = batch.validate(suite, result_format="BOOLEAN_ONLY")
    results: list[Json] = []
    for result in found.results:
        config = result.expectation_config
        assert config is not None, "every result names its expectation"
        said = {k: v for k, v in config.kwargs.items() if k != "batch_id"}
        one: Json = {"expectation": config.type, "kwargs": said, "success": result.success is True}
        results.append(one)
    return {
        "suite": NAME,
        "great_expectations": gx.__version__,
        "success": found.success is True,
        "results": results,
    }


def _broken(promises: Sequence[Promise], found: Mapping[str, Json]) -> frozenset[str]:
    """Names of the promises that Great Expectations does not see kept."""
    kept: dict[str, list[bool]] = {}
    results = found["results"]
    assert isinstance(results, list)
    for result in results:
        kept.setdefault(result["kwargs"].get("column", ""), []).append(result["success"])
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
