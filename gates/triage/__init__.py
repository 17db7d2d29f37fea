"""The night: every new checkpoint measured offline, sorted, and told of on one page."""
