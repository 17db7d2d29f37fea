#!/usr/bin/env bash
# The A/B of a shop's assistant, from its size to its report. Usage: run.sh; prints the decision as JSON.
set -euo pipefail
name=online_ab
data=none
source "$(dirname "${BASH_SOURCE[0]}")/../begin.sh"

"$python" "$example/traffic.py" . >&2
cat >> gate.toml <<'TOML'

[data.shop]
exposures = "exposures.parquet"
events = "events.parquet"
columns = { user_id = "user_key", timestamp = "ts", experiment_id = "flag", variation_id = "arm" }
TOML
register assistant "the assistant that answers customers today"

say "how large: as the A/B of last winter tells"
gate online size policy.yaml --history "assistant winter" --plot power.png >&2
say "plan and criteria are written down"
gate online start policy.yaml --by "the release manager" >&2
say "can it be analysed?"
gate online check policy.yaml >&2

# A scheduler calls the same every morning; these are two of its mornings.
for morning in 2026-03-08 2026-03-12; do
  say "the morning of $morning"
  gate online look policy.yaml --as-of "${morning}T08:00:00Z" --hold-ok >&2
done
decide   # `gate run` takes what is due as well: the last look
gate online report policy.yaml assistant/2 -o report >&2
finish
