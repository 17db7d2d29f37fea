"""Where work runs: files read, jobs run at once, results journaled."""
