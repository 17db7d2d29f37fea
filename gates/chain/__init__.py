"""Signed records of a model, one after the other: what was decided, approved and moved, by whom."""
