"""Stage 3: a randomised A/B on real traffic."""
