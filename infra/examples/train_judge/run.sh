#!/usr/bin/env bash
# A judge taught without labels, on two cores. Usage: run.sh; prints what became of it as JSON.
# SEED=1 run.sh draws everything anew.
set -euo pipefail
name=train_judge
data=none
source "$(dirname "${BASH_SOURCE[0]}")/../begin.sh"
export PYTHONPATH=$here${PYTHONPATH:+:$PYTHONPATH}
export HF_HUB_OFFLINE=1 OMP_NUM_THREADS=${OMP_NUM_THREADS:-2}

say "a model that knows the form of a verdict, and decides by a toss"
"$python" "$example/untaught.py" . --seed "${SEED:-0}" >untaught.log 2>&1 || { cat untaught.log >&2; exit 4; }

say "starting the writer"
"$python" "$example/writer.py" port.txt &
writer=$!
trap 'kill "$writer" 2>/dev/null' EXIT
for _ in $(seq 100); do [ -s port.txt ] && break; sleep 0.1; done
[ -s port.txt ] || stop "the writer did not start" "see what it said above"
cat >> gate.toml <<TOML

[endpoints.writer]
base_url = "http://127.0.0.1:$(cat port.txt)/v1"
model = "writer"
usd_per_million_tokens = { input = 1.0, output = 4.0 }
TOML

say "teaching"
code=0
gate workshop train-judge recipe.yaml --json > judges.json || code=$?
say "gate workshop train-judge ended with exit code $code (0 further, 1 back, 3 not clear, 4 broken)"
say "once more, from journals and products: nothing is asked or trained again"
gate workshop train-judge recipe.yaml >&2 || true
cat judges.json
say ""
say "everything is in $folder; see it in MLflow:"
say "  mlflow ui --backend-store-uri sqlite:///$folder/mlflow.db"
exit "$code"
