#!/usr/bin/env bash
# People and a judge on support answers. Usage: run.sh; prints the decision as JSON.
set -euo pipefail
name=people_and_judges
data=none
source "$(dirname "${BASH_SOURCE[0]}")/../begin.sh"
people=ann,ben,cleo,dan,eve,finn,gus,hanna

"$python" "$example/prepare.py" . >&2
cp "$example/guidelines.md" .
register helpdesk "the checkpoint that answers customers today"

serve_toys "the judge" "$example/judge.py"
endpoint judge reader

say "making a batch of blind pairs"
gate sxs assign policy.yaml --json > assigned.json
batch=$("$python" -c 'import json; print(json.load(open("assigned.json"))["candidates"][0]["batch"]["name"])')
gate sxs export "$batch" --to csv --annotators "$people" --out table >&2
"$python" "$example/people.py" table/*.csv filled.csv >&2
gate sxs import filled.csv --batch "$batch" --from csv --map annotator=worker >&2
gate sxs show "$batch" >&2
decide
"$python" "$here/figures.py" registered.json decision.json >&2
finish
