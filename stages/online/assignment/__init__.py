"""Which unit meets which arm: our own assignment, and the rules that flag services read."""
