"""A/Bs as people look at them: their course, effects, guardrails, split and segments."""
