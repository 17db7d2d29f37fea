#!/usr/bin/env bash
# Two nights of a model whose versions are served by a script. Usage: run.sh; prints the decision as JSON.
set -euo pipefail
name=night
data=none
source "$(dirname "${BASH_SOURCE[0]}")/../begin.sh"

"$python" "$example/sums.py" sums.jsonl
cp "$example/model.py" "$here/toy_server.py" "$example/serve.sh" .
ln -s "$python" python
"$python" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])' > port.txt
cat >> gate.toml <<TOML

[models.clerk]
endpoint = "http://127.0.0.1:$(cat port.txt)/v1"
served_as = "clerk-{version}"
serve = "serve.sh"
serve_healthy_within_seconds = 20
retries = 0
usd_per_million_tokens = { input = 1.0, output = 4.0 }
TOML

say "clerk 1 serves customers; 2 to 5 are new"
for _ in 1 2 3 4 5; do echo '{}'; done > candidates.jsonl
register clerk "it has served since May"

say "the first night"
gate triage policy.yaml --retry-after-seconds 0 --report night1 --metrics gate.prom >&2
say "one more checkpoint comes, and another night"
gate register clerk >&2
gate triage policy.yaml --retry-after-seconds 0 --report night2 --metrics gate.prom >&2

"$python" -c 'import json; print(json.dumps(json.load(open("night1/report.json"))["decisions"][0], indent=2))' > decision.json
finish
