"""Votes, answers and pairs in the files of others, and in the gate's own: read, and written."""
