"""Whether a checkpoint recites the text it was trained on."""
