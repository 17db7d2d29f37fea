"""Whose word counts: keys, signed envelopes and statements, and the trust file."""
