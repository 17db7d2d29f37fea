#!/usr/bin/env bash
# Fifty real A/Bs, replayed. Usage: run.sh [DATA_DIR]; prints the decision as JSON.
set -euo pipefail
name=asos
source "$(dirname "${BASH_SOURCE[0]}")/../begin.sh"

"$python" "$example/prepare.py" "$data" . >&2
register asos "the champion arm of every A/B"
decide
"$python" "$example/verdicts.py" . >&2
finish
