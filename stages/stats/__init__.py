"""Statistics as pure functions of values: intervals, paired tests, sequential bounds."""
