"""What was made is logged once, its measurements as columns, its manifest beside."""

import json
from pathlib import Path

import pytest

from gates.ledger.ledger import LedgerDown
from gates.ledger.product_report import ProductReport
from gates.workshop.keeping import Made, keep
from stages.engine.product import Product, freeze
from stages.evidence.estimate import Bounds, Estimate, Unmeasured
from stages.evidence.records import Cost, Measurement, Quantity
from tests.fakes.workplace import Workplace

HALF = Estimate(
    value=0.5, standard_error=0.1, low=0.3, high=0.7, level=0.95, n=40, unit="share", method="m"
)
ABOVE = Estimate(
    value=0.1, standard_error=0.1, low=-0.1, high=None, bounds=Bounds.LOWER,
    level=0.95, n=40, unit="share", method="m",
)  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def product(place: Workplace, text: str = "one\n") -> Product:
    making = place.folder / "making"
    making.mkdir()
    (making / "items.jsonl").write_text(text)
    return freeze(
        making, place.folder / text.strip(), kind="bench", recipe="b" * 64, made_from={}, facts={}
    )


def made(what: Product) -> Made:
    return Made(
        product=what,
        recipe="support_bench",
        sentence="40 prompts.",
        description="# 40 prompts",
        measurements=(
            Measurement(metric="separability", quantity=Quantity.VALUE, measured=HALF, planned=40),
            Measurement(
                metric="separability", quantity=Quantity.DIFFERENCE, measured=ABOVE, planned=40
            ),
            Measurement(
                metric="brier", quantity=Quantity.VALUE, measured=Unmeasured("no votes"), planned=40
            ),
        ),
        files={"plots/map.png": b"png"},
        cost=Cost(calls=7, usd=0.25),
    )


def only(place: Workplace) -> ProductReport:
    (report,) = place.ledger.products.values()
    return report


def test_measurements_become_columns_and_what_is_not_measured_has_none(place: Workplace) -> None:
    keep(made(product(place)), place.services)
    assert dict(only(place).metrics) == {
        "calls": 7.0,
        "usd": 0.25,
        "separability": 0.5,
        "separability.low": 0.3,
        "separability.high": 0.7,
        "separability.difference": 0.1,
        "separability.difference.low": -0.1,
    }


def test_manifest_evidence_and_pictures_are_kept(place: Workplace) -> None:
    keep(made(product(place)), place.services)
    files = only(place).files
    assert sorted(files) == ["evidence.json", "plots/map.png", "product.json"]
    evidence = json.loads(files["evidence.json"])
    assert evidence["measurements"][2]["measured"]["unmeasured"] == "no votes"
    assert json.loads(files["product.json"])["kind"] == "bench"


def test_the_same_product_is_kept_once_and_another_beside_it(place: Workplace) -> None:
    first = product(place)
    assert keep(made(first), place.services) == keep(made(first), place.services)
    keep(made(product(place, "two\n")), place.services)
    assert len(place.ledger.products) == 2


def test_a_store_that_is_down_is_said_and_the_product_stays(place: Workplace) -> None:
    what = product(place)
    place.ledger.is_down = True
    with pytest.raises(LedgerDown):
        keep(made(what), place.services)
    assert what.folder.is_dir()


def test_a_report_keeps_no_file_outside_its_run() -> None:
    with pytest.raises(ValueError, match="relative paths"):
        ProductReport(
            key="k", recipe="r", kind="bench", subject="s", at="t", sentence="s",
            description="d", files={"../x": b""},
        )  # fmt: skip
