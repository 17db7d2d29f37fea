"""Votes as they are cast: who may vote on what, what was accepted, and what it takes to lead."""
