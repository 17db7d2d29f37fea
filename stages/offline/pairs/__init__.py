"""Pairs of answers that a checkpoint judges, both ways round: whether it may judge others."""
