"""Benches built from live traffic: prompts cleaned, grouped by topic, graded, drawn and frozen."""
