"""Stage 1: benchmarks and blocking safety checks on fixed items."""
