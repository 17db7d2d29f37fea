"""The rules: evidence and criteria in, findings and verdicts out; nothing else."""
