"""Pairs before a panel of language models, and how well each of them judges."""
