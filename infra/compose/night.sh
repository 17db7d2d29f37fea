#!/bin/sh
# Triage once a day. Usage: night.sh HH:MM POLICY (UTC); without HH:MM, `now`: once, and ends with triage's exit code.
set -u
at="$1" policy="$2"

triage() {
  gate triage "$policy" --since 24h --report "/night/$(date -u +%F)" --metrics /night/gate.prom
}

if [ "$at" = now ]; then
  triage
  exit
fi
while true; do
  now=$(date -u +%s)
  next=$(date -u -d "$at" +%s)
  [ "$next" -gt "$now" ] || next=$((next + 86400))
  sleep $((next - now))
  triage || echo "triage ended with $?; the next one is tomorrow at $at" >&2
done
