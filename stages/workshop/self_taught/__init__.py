"""Judges that are taught by their own judgements, without labels (arXiv 2408.02666)."""
