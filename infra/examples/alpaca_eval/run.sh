#!/usr/bin/env bash
# Five models against GPT-4 Turbo. Usage: run.sh [DATA_DIR]; prints the decision as JSON.
set -euo pipefail
name=alpaca_eval
source "$(dirname "${BASH_SOURCE[0]}")/../begin.sh"

"$python" "$example/prepare.py" "$data" . >&2
register alpaca "AlpacaEval compares every model with GPT-4 Turbo"
decide
"$python" "$here/figures.py" registered.json decision.json >&2
finish
