"""How checkpoints are measured: offline benchmarks, side-by-side votes, an online A/B."""
