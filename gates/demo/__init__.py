"""The whole funnel on bundled data."""
