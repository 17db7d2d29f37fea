#!/usr/bin/env bash
# Four generators of known worth, nine cells, tiny students. Usage: run.sh; prints the grades as JSON.
set -euo pipefail
name=grade_generator
data=none
source "$(dirname "${BASH_SOURCE[0]}")/../begin.sh"
export OMP_NUM_THREADS=1  # many threads make so small a student slower

say "writing material, tests and an untaught student"
PYTHONPATH=$here "$python" "$example/prepare.py" . >&2

say "starting the generators"
"$python" "$example/serve.py" port.txt &
server=$!
trap 'kill "$server" 2>/dev/null' EXIT
for _ in $(seq 100); do [ -s port.txt ] && break; sleep 0.1; done
[ -s port.txt ] || stop "the generators did not start" "see what they said above"
for model in clean noisy wrong narrow teacher judge vectors; do
  cat >> gate.toml <<TOML

[endpoints.$model]
base_url = "http://127.0.0.1:$(cat port.txt)/v1"
model = "$model"
usd_per_million_tokens = {input = 1.0, output = 4.0}
TOML
done

say "grading them: 108 students, some minutes"
gate workshop grade-generator recipe.yaml wrong narrow noisy clean --json > grades.json
"$python" "$example/summary.py" grades.json >&2
cat grades.json
say ""
say "everything is in $folder; see it in MLflow:"
say "  mlflow ui --backend-store-uri sqlite:///$folder/mlflow.db"
