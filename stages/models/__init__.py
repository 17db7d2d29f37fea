"""Text from a checkpoint: one protocol, several ways to reach it."""
