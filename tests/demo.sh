#!/bin/bash
# make demo: traces one ping, on this machine's kernel if it can be traced, or else in a VM.
set -eu
cd "$(dirname "$0")/.."
deno=$1
export PATH="$(dirname "$deno"):$PATH"

if reason=$(deno run -A main.ts doctor 2>&1 >/dev/null); then
  echo "Tracing one ping on this machine's kernel, $(uname -r):"
  exec examples/trace_ping.sh
fi
echo "This machine's kernel cannot be traced (${reason#ipft: })."
tests/vm/setup.sh 6.12
echo "Tracing one ping in a VM with Debian's Linux 6.12:"
exec deno run -A tests/vm/run.ts --timeout 120 6.12 -- examples/trace_ping.sh
