"""Comparisons as people look at them: plots, and the answers that were compared."""
