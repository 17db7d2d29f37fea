"""Colours of an A/B's pictures, told apart by who sees few colours too; words say it again."""

GOOD, BAD, WAIT = "#1a7f37", "#cf222e", "#9a6700"
"""Of what passes, of what harms, and of what is open."""
