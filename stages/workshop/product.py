"""What the workshop makes is frozen by `stages.engine.product`, which stages can read too."""

from stages.engine.product import MANIFEST, Product, freeze, open_product

__all__ = ["MANIFEST", "Product", "freeze", "open_product"]
