# Read by every run.sh, which sets `name`, and `data=none` where none is needed: finds gate and the data, and
# makes a folder of its own.
# Only the decision goes to stdout; all else is said on stderr.

say() { printf '%s\n' "$*" >&2; }
stop() { say "error: $1"; say "  fix: $2"; exit 2; }

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
example=$here/$name
repository=$(cd "$here/../.." && pwd)

if [ -x "$repository/.venv/bin/gate" ]; then PATH=$repository/.venv/bin:$PATH; fi
gate=$(command -v gate) || stop "there is no command gate" "make demo, or pip install '${repository}[toxicity]'"
python=$(dirname "$(readlink -f "$gate")")/python

if [ "${data:-}" != none ]; then
  data=${1:-}
  [ -n "$data" ] || stop "no data was named" "run.sh DATA_DIR; the README beside it says what is in it"
  [ -d "$data" ] || stop "there is no folder $data" "run.sh DATA_DIR; the README beside it says what is in it"
  data=$(cd "$data" && pwd)
fi

folder=${GATE_EXAMPLE_FOLDER:-$(mktemp -d "${TMPDIR:-/tmp}/gate-$name.XXXXXX")}
mkdir -p "$folder"
[ -z "$(ls -A "$folder")" ] || stop "$folder is not empty" "name a new folder in GATE_EXAMPLE_FOLDER"
cd "$folder"

# A store and a state of its own, whatever the surroundings name.
unset MLFLOW_TRACKING_URI MLFLOW_REGISTRY_URI GATE_STATE
export GATE_ALLOW_LOCAL_STATE=1
cat > gate.toml <<'TOML'
[mlflow]
tracking_uri = "sqlite:///mlflow.db"

[state]
url = ".gate/state"
TOML
cp "$example"/*.yaml .

# Registers what candidates.jsonl names, the baseline being version 1. Usage: register MODEL REASON
register() {
  say "registering the versions of $1"
  gate register "$1" --each candidates.jsonl --json > registered.json
  gate adopt "$1/1" --reason "$2" >&2
}

# Runs the policy. FAIL and HOLD are decisions, not errors: what counts is that there is one.
decide() {
  say "running the policy"
  local code=0
  gate run policy.yaml --json > decision.json || code=$?
  if ! grep -q '"schema": "gate.decision/1"' decision.json; then
    cat decision.json >&2
    exit "$code"
  fi
  say "gate run ended with exit code $code (0 someone passed, 1 all failed, 3 cannot tell yet, 4 broken)"
}

# Starts toy models, which end with the script and write their port into port.txt. Usage: serve_toys WHAT PROGRAM...
serve_toys() {
  say "starting $1"
  PYTHONPATH=$here${PYTHONPATH:+:$PYTHONPATH} "$python" "${@:2}" port.txt &
  toys=$!
  trap 'kill "$toys" 2>/dev/null' EXIT
  for _ in $(seq 300); do [ -s port.txt ] && return; sleep 0.1; done
  stop "$1 did not start" "see what was said above"
}

# Names one of them in gate.toml, free of charge or not. Usage: endpoint NAME MODEL [USD_IN USD_OUT], per million tokens
endpoint() {
  {
    printf '\n[endpoints.%s]\nbase_url = "http://127.0.0.1:%s/v1"\nmodel = "%s"\n' "$1" "$(cat port.txt)" "$2"
    [ $# -lt 4 ] || printf 'usd_per_million_tokens = { input = %s, output = %s }\n' "$3" "$4"
  } >> gate.toml
}

# Prints the decision, or another file, and says where everything is. Usage: finish [FILE]
finish() {
  cat "${1:-decision.json}"
  say ""
  say "everything is in $folder; see it in MLflow:"
  say "  mlflow ui --backend-store-uri sqlite:///$folder/mlflow.db"
}
