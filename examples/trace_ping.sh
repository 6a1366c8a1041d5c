#!/bin/bash
# Traces one ping to the loopback interface, and prints the journey of its request.
# Usage, as root: examples/trace_ping.sh [IPFT OPTION...]    (IPFT: the command, if not deno)
set -eu
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT

${IPFT:-deno run -A main.ts} "$@" 'icmp[icmptype] = icmp-echo' 2> >(tee "$log" >&2) &
ipft=$!
until grep -q 'Trace ready!' "$log"; do
  kill -0 $ipft 2>/dev/null || { wait $ipft; exit 1; }
  sleep 0.1
done
ping -q -c 1 127.0.0.1 >/dev/null
sleep 0.2
kill -TERM $ipft
wait $ipft
