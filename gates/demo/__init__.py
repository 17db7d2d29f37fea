"""The whole funnel on bundled data: recorded answers and votes, and traffic with a known truth."""
