"""What was made, logged to MLflow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gates.ledger.product_report import ProductReport
from gates.services import Services
from policies.canonical import Json, canonical_json, sha256_of
from stages.engine.product import MANIFEST, Product
from stages.evidence.codec import measured_json
from stages.evidence.estimate import Estimate
from stages.evidence.records import Cost, Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A product, and what is told of it.

    Attributes:
        product: What was frozen.
        recipe: Name of the recipe.
        sentence: All in one sentence.
        description: Markdown for its page.
        subject: URI of the version that it is about; empty where it is about none.
        named: Which of several that the recipe makes; empty with one.
        measurements: What was measured of it.
        files: What people look at, by path: plots, pages.
        cost: Of all models that were asked.
    """

    product: Product
    recipe: str
    sentence: str
    description: str
    subject: str = ""
    named: str = ""
    measurements: Sequence[Measurement] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    cost: Cost = field(default_factory=Cost)


def keep(made: Made, services: Services) -> str:
    """Logs a product; made again unchanged, it is there once.

    Returns:
        Address of its page; empty where the store has no UI.

    Raises:
        LedgerDown: When MLflow does not answer; what was frozen stays, for the next run to log.
    """
    product = made.product
    evidence: dict[str, Json] = {
        "schema": "gate.product-evidence/1",
        "measurements": [
            {
                "metric": m.metric,
                "quantity": m.quantity.value,
                "measured": measured_json(m.measured),
            }
            for m in made.measurements
        ],
    }
    return services.ledger.log_product(
        ProductReport(
            key=f"product-{sha256_of([product.sha256, made.subject])[:32]}",
            recipe=made.recipe,
            kind=product.kind,
            subject=made.subject or product.sha256,
            at=services.clock().isoformat(),
            sentence=made.sentence,
            description=made.description,
            named=made.named,
            metrics=_metrics(made),
            files={
                **made.files,
                MANIFEST: (product.folder / MANIFEST).read_bytes(),
                "evidence.json": canonical_json(evidence).encode(),
            },
        )
    )


def _metrics(made: Made) -> Mapping[str, float]:
    """Values and ends of intervals; what was not measured has no column entry."""
    found: dict[str, float] = {"calls": float(made.cost.calls)}
    if made.cost.usd is not None:
        found["usd"] = made.cost.usd
    for one in made.measurements:
        name = one.metric if one.quantity == "value" else f"{one.metric}.{one.quantity}"
        if isinstance(one.measured, Estimate):
            ends = {"low": one.measured.low, "high": one.measured.high}
            found[name] = one.measured.value
            found |= {f"{name}.{end}": at for end, at in ends.items() if at is not None}
    return found
