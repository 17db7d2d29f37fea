"""Where instruments are made: benches, judges, and grades of generators."""
