"""Batches of pairs for people: made, handed out, shown, taken in and counted."""
