"""Decisions made again under a proposed policy, from what was recorded."""
