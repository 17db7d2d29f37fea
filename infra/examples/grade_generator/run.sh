#!/usr/bin/env bash
# Four generators of known worth, nine cells, tiny students. Usage: run.sh; prints the grades as JSON.
set -euo pipefail
name=grade_generator
data=none
source "$(dirname "${BASH_SOURCE[0]}")/../begin.sh"
export OMP_NUM_THREADS=1  # many threads make so small a student slower

say "writing material, tests and an untaught student"
PYTHONPATH=$here "$python" "$example/prepare.py" . >&2

serve_toys "the generators" "$example/serve.py"
for model in clean noisy wrong narrow teacher judge vectors; do endpoint "$model" "$model" 1.0 4.0; done

say "grading them: 108 students, some minutes"
gate workshop grade-generator recipe.yaml wrong narrow noisy clean --json > grades.json
"$python" "$example/summary.py" grades.json >&2
finish grades.json
