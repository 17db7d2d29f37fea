"""How well a checkpoint teaches, read from a grade that the workshop made."""
