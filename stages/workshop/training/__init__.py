"""Training models: on this machine by TRL, or behind an endpoint that offers it."""
