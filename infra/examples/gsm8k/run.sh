#!/usr/bin/env bash
# Four checkpoints on GSM8K. Usage: run.sh [DATA_DIR]; prints the decision as JSON.
set -euo pipefail
name=gsm8k
source "$(dirname "${BASH_SOURCE[0]}")/../begin.sh"

"$python" "$example/prepare.py" "$data" . >&2
register solver "the 6B fine-tuned checkpoint stands for what is in production"
decide
"$python" "$here/figures.py" registered.json decision.json >&2
finish
