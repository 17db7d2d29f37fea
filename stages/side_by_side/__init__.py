"""Stage 2: people and judges compare a candidate's answers with the baseline's."""
