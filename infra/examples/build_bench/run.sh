#!/usr/bin/env bash
# Two months of traffic become two benches, and the first one is judged before a policy uses it. Usage: run.sh; prints the
# second one's report as JSON.
set -euo pipefail
name=build_bench
data=none
source "$(dirname "${BASH_SOURCE[0]}")/../begin.sh"
export PYTHONPATH=$repository

serve_toys "the models that name, grade and embed, answer and judge" -m infra.examples.build_bench.model
for model in grader embedder; do endpoint "$model" toy 0.5 1.5; done
for model in novice beginner amateur middling adept skilled expert critic; do endpoint "$model" "$model" 0.5 1.5; done

for month in 1 2; do
  say "month $month"
  "$python" -m infra.examples.build_bench.traffic "$month" traffic.jsonl >&2
  after=()
  [ "$month" = 1 ] || after=(--after benches/month-1)
  gate workshop build-bench recipe.yaml --to "benches/month-$month" "${after[@]}" --json > "month-$month.json"
done
"$python" -m infra.examples.build_bench.told month-1.json month-2.json >&2

say "a policy on a bench that nobody judged is refused:"
! gate policy check policy.yaml >&2 || stop "it was not refused" "report this"

say "judging month 1"
cp "$example/people.json" .
gate workshop assess-bench quality.yaml --json > quality.json
"$python" -m infra.examples.build_bench.told quality.json >&2

say "the policy names what was found"
found=$("$python" -c 'import json; print(json.load(open("quality.json"))["folder"])')
demand="{folder: $found, at_least: {critic.separability: 0.3, critic.people.agreement: 0.5}}"
sed -i "s|items.jsonl,|items.jsonl, assessment: $demand,|" policy.yaml
gate policy check policy.yaml >&2
finish month-2.json
