#!/usr/bin/env bash
# Two months of traffic become two benches. Usage: run.sh; prints the second one's report as JSON.
set -euo pipefail
name=build_bench
data=none
source "$(dirname "${BASH_SOURCE[0]}")/../begin.sh"
export PYTHONPATH=$repository

serve_toys "the model that names, grades and embeds" -m infra.examples.build_bench.model
for model in grader embedder; do endpoint "$model" toy 0.5 1.5; done

for month in 1 2; do
  say "month $month"
  "$python" -m infra.examples.build_bench.traffic "$month" traffic.jsonl >&2
  after=()
  [ "$month" = 1 ] || after=(--after benches/month-1)
  gate workshop build-bench recipe.yaml --to "benches/month-$month" "${after[@]}" --json > "month-$month.json"
done
"$python" -m infra.examples.build_bench.told month-1.json month-2.json >&2
finish month-2.json
