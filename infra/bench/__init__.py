"""Figures a reader may measure again: `python -m infra.bench [NAME ...]`; ratios within one run."""
