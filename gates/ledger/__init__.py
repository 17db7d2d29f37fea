"""Where decisions are recorded and checkpoints are registered."""
