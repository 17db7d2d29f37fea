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

serve_toys "the writer" "$example/writer.py"
endpoint writer writer 1.0 4.0

say "teaching"
code=0
gate workshop train-judge recipe.yaml --json > judges.json || code=$?
say "gate workshop train-judge ended with exit code $code (0 further, 1 back, 3 not clear, 4 broken)"
say "once more, from journals and products: nothing is asked or trained again"
gate workshop train-judge recipe.yaml >&2 || true
finish judges.json
exit "$code"
