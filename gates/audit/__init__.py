"""Dossiers for auditors: all that a model's decisions rest on, verified without this program."""
