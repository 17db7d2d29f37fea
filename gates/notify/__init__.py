"""People told by webhook: each change once, kept until a receiver took it."""
