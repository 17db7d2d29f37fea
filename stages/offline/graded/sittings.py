"""What every model scored on every item of a grade's tests: by this two grades are paired."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from policies.errors import InputError
from policies.graded_task import PGR, Domain, Method
from stages.engine.product import Product
from stages.evidence.fields import Field
from stages.evidence.items import Item
from stages.evidence.json_lines import json_lines
from stages.stats.clusters import Floats
from stages.stats.gap_difference import Parts
from stages.stats.gaps import Sat

SCORES, ITEMS = "scores.jsonl", "items.jsonl"

_DIGITS = 9

Seeds = Mapping[Method, Floats]
"""A method's students on the items of one test, shape (seeds, items)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Test:
    """One test of a domain, as base, reference and the students of every method sat it."""

    domain: Domain
    base: Floats
    reference: Floats
    taught: Seeds
    ids: tuple[str, ...]
    clusters: tuple[int, ...]

    def by(self, methods: Sequence[Method]) -> Sat:
        """With the students of some methods."""
        return Sat(
            base=self.base,
            reference=self.reference,
            taught=tuple(self.taught[method] for method in methods),
            ids=self.ids,
            clusters=self.clusters,
        )


@dataclass(frozen=True, slots=True)
class Sittings:
    """All tests of a grade that every one of its models sat."""

    tests: tuple[_Test, ...]

    def parts(self, metric: str) -> Parts:
        """What a metric of PGR is put together from: of every domain its tests.

        Args:
            metric: Its own name: `pgr`, or `pgr.` with a domain or a method after it.
        """
        of = metric.removeprefix(PGR).removeprefix(".")
        domains = [domain for domain in Domain if of in ("", domain.value, *Method)]
        found = []
        for domain in domains:
            own = [test for test in self.tests if test.domain is domain]
            methods = [m for m in Method if own and m in own[0].taught and of in ("", domain, m)]
            if methods:
                found.append([test.by(methods) for test in own])
        return found


def write_sittings(
    folder: Path,
    scores: Mapping[str, Floats],
    items: Mapping[str, Sequence[Item]],
) -> None:
    """Writes what models scored, and on which items.

    Args:
        folder: Of a grade that is to be frozen.
        scores: Of every model on every item, by `domain/test/model`; of students the model is
            `method/seed-N`.
        items: Of every test, in the order of the scores, by `domain/test`.
    """
    _write(
        folder / SCORES,
        [
            {"who": who, "scores": [round(float(score), _DIGITS) for score in row]}
            for who, row in scores.items()
        ],
    )
    _write(
        folder / ITEMS,
        [
            {"test": test, "ids": [item.id for item in own], "clusters": _numbered(own)}
            for test, own in items.items()
        ],
    )


def sittings_in(product: Product) -> Sittings:
    """The sittings that a grade holds.

    Raises:
        InputError: When it holds none (older versions of the program did not say which items depend
            on each other), or what it holds is none: rows of other lengths than the tests, scores
            outside of [0, 1], tests of one domain that other students sat.
    """
    lacking = [name for name in (SCORES, ITEMS) if name not in product.files]
    if lacking:
        raise InputError(
            f"cannot compare the grade in {product.folder}",
            why=f"it holds no {lacking[0]}: it was made by an older version of the program",
            fix="grade both checkpoints with this one",
        )
    rows = {
        who: np.array(said["scores"].each(Field.number))
        for who, said in _lines(product, SCORES, "who", "scores").items()
    }
    lines = _lines(product, ITEMS, "test", "ids", "clusters")
    tests = [_test(name, said, rows, product) for name, said in lines.items()]
    for domain in Domain:
        own = [{m: len(s) for m, s in t.taught.items()} for t in tests if t.domain is domain]
        if any(cells != own[0] for cells in own):
            raise _unfit(product, str(domain), "its tests were not sat by the same students")
    return Sittings(tuple(test for test in tests if test.taught))


def _test(
    name: str, said: Mapping[str, Field], rows: Mapping[str, Floats], product: Product
) -> _Test:
    taught = {
        method: [row for who, row in rows.items() if who.startswith(f"{name}/{method}/")]
        for method in Method
    }
    try:
        test = _Test(
            domain=Domain(name.partition("/")[0]),
            base=rows[f"{name}/base"],
            reference=rows[f"{name}/reference"],
            taught={method: np.stack(seeds) for method, seeds in taught.items() if seeds},
            ids=said["ids"].each(Field.text),
            clusters=said["clusters"].each(Field.count),
        )
        if test.taught:
            test.by(tuple(test.taught))
    except KeyError as error:
        raise _unfit(product, name, f"there is no {error}") from None
    except ValueError as error:
        raise _unfit(product, name, str(error)) from None
    return test


def _unfit(product: Product, what: str, why: str) -> InputError:
    return InputError(
        f"cannot compare the grade in {product.folder}",
        why=f"{SCORES} and {ITEMS} do not tell how {what} was sat: {why}",
        fix="make it anew with gate workshop grade-generator",
    )


def _lines(product: Product, name: str, by: str, *keys: str) -> Mapping[str, Mapping[str, Field]]:
    """What the lines of a file say, by what names them."""
    path = product.file(name)
    found: dict[str, Mapping[str, Field]] = {}
    for number, record in json_lines(path.read_bytes(), where=str(path)):
        said = Field(record, f"{path}:{number}").keyed(by, *keys)
        if said[by].text() in found:
            raise said[by].refused("stands twice")
        found[said[by].text()] = said
    return found


def _numbered(items: Sequence[Item]) -> list[int]:
    """Clusters by numbers: their names may be texts that are nobody's business."""
    known: dict[str, int] = {}
    return [known.setdefault(item.cluster, len(known)) for item in items]


def _write(path: Path, lines: Sequence[Mapping[str, object]]) -> None:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
