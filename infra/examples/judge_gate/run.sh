#!/usr/bin/env bash
# Whether GPT-4 may judge in GPT-3.5's place, by people's votes. Usage: run.sh DATA_DIR; prints the decision as JSON.
set -euo pipefail
name=judge_gate
source "$(dirname "${BASH_SOURCE[0]}")/../begin.sh"

"$python" "$example/prepare.py" "$data" . >&2
register crowd_judge "GPT-3.5 judges today"
decide
"$python" "$here/figures.py" registered.json decision.json >&2
finish
