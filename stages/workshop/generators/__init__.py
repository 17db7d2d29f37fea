"""Checkpoints graded as generators of training data: what a student learns from them."""
