"""Values that leave a stage: items, estimates, evidence and their canonical JSON."""
