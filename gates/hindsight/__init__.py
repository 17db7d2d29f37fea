"""What all decisions under a policy show together: funnel, foresight of stages, trends."""
