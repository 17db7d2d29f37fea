#!/usr/bin/env bash
# Serves one version. Usage: serve.sh start|health|stop VERSION; stopping what is stopped is fine.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
port=$(cat "$here/port.txt")
case $1 in
start)
  [ "$2" != 4 ] || { echo "clerk 4: checkpoint file is truncated" >&2; exit 1; }
  "$here/python" "$here/model.py" "$2" "$port" </dev/null >/dev/null 2>&1 &
  echo $! > "$here/server.pid"
  ;;
health)
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  ;;
stop)
  [ -s "$here/server.pid" ] || exit 0
  kill "$(cat "$here/server.pid")" 2>/dev/null || true
  rm -f "$here/server.pid"
  ;;
esac
