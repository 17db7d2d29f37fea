"""What is demanded of a checkpoint: plans (what to measure) and criteria (what is required)."""
