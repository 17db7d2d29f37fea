#!/usr/bin/env bash
# Two months of traffic become two benches. Usage: run.sh; prints the second one's report as JSON.
set -euo pipefail
name=build_bench
data=none
source "$(dirname "${BASH_SOURCE[0]}")/../begin.sh"
export PYTHONPATH=$repository

say "starting the model that names, grades and embeds"
"$python" -m infra.examples.build_bench.model port.txt &
model=$!
trap 'kill "$model" 2>/dev/null' EXIT
for _ in $(seq 300); do [ -s port.txt ] && break; sleep 0.1; done
[ -s port.txt ] || stop "the model did not start" "see what it said above"
for endpoint in grader embedder; do
  cat >> gate.toml <<TOML

[endpoints.$endpoint]
base_url = "http://127.0.0.1:$(cat port.txt)/v1"
model = "toy"
usd_per_million_tokens = { input = 0.5, output = 1.5 }
TOML
done

for month in 1 2; do
  say "month $month"
  "$python" -m infra.examples.build_bench.traffic "$month" traffic.jsonl >&2
  after=()
  [ "$month" = 1 ] || after=(--after benches/month-1)
  gate workshop build-bench recipe.yaml --to "benches/month-$month" "${after[@]}" --json > "month-$month.json"
done
"$python" -m infra.examples.build_bench.told month-1.json month-2.json >&2
cat month-2.json
say ""
say "everything is in $folder; see it in MLflow:"
say "  mlflow ui --backend-store-uri sqlite:///$folder/mlflow.db"
