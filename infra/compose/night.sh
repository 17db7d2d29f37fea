#!/bin/sh
# Triage once a day. Usage: night.sh HH:MM POLICY (UTC); `now` instead of a time: once, and ends with triage's exit code.
set -u
at="$1" policy="$2"

# What is waited for in the background can be ended by a signal: triage then stops the servers that it started.
child=
trap 'trap - TERM INT; [ -z "$child" ] || kill -s TERM "$child"; wait; exit 143' TERM INT
attend() {
  "$@" &
  child=$!
  wait "$child"
}

triage() {
  attend gate triage "$policy" --since 24h --report "/night/$(date -u +%F)" --metrics /night/gate.prom
}

if [ "$at" = now ]; then
  triage
  exit
fi
while true; do
  now=$(date -u +%s)
  next=$(date -u -d "$at" +%s) || exit 2
  [ "$next" -gt "$now" ] || next=$((next + 86400))
  attend sleep $((next - now))
  triage || echo "triage ended with $?; the next one is tomorrow at $at" >&2
done
