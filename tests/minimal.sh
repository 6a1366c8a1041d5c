#!/bin/bash
# Runs in a guest: removes Deno and every library that ipft bundles, and traces with ./ipft alone.
set -euo pipefail
umount /usr/local/bin/deno
rm /usr/local/bin/deno /usr/lib/x86_64-linux-gnu/lib{bpf,elf,pcap,z}.so.*
if command -v deno || command -v clang; then exit 1; fi

# trace NAME ARGS...: traces one ping with `./ipft ARGS` and writes its output to /tmp/NAME.
trace() {
  local name=$1 ipft
  shift
  ./ipft -m 1234 "$@" >/tmp/"$name" 2>/tmp/log &
  ipft=$!
  until grep -q 'Trace ready' /tmp/log; do
    kill -0 "$ipft" 2>/dev/null || { cat /tmp/log >&2; exit 1; }
    sleep 0.1
  done
  ping -q -c 1 -m 1234 127.0.0.1 >/dev/null
  kill -INT "$ipft"
  wait "$ipft"
  grep 'none lost' /tmp/log
}

# First starts at once, with an environment that would make Deno, tar and the shell run something else.
export NODE_OPTIONS='--require /tmp/evil' TAR_OPTIONS=--evil DENO_V8_FLAGS=--help
(umask 026 && ./ipft --version && ./ipft -m 1 -- sh -c 'umask; env' >/tmp/command 2>&1) &
time ./ipft --version
wait $!
time ./ipft --version
# Only its command gets that environment, and all of it.
grep -qx 0026 /tmp/command
grep -qx "NODE_OPTIONS=$NODE_OPTIONS" /tmp/command
if grep -E '^IPFT_USER|^DENO_DIR' /tmp/command; then exit 1; fi
unset NODE_OPTIONS TAR_OPTIONS DENO_V8_FLAGS
# What is damaged is repaired.
truncate -s 0 /var/cache/ipft/*/deno
./ipft --version | grep -q ', libpcap 1\.'
[[ $(ls /var/cache/ipft | wc -l) == 1 ]]
trace function
grep -q ' vmlinux ip_rcv$' /tmp/function
trace graph -t function_graph
grep -Eq ' us +} *$|ip_rcv\(\)' /tmp/graph
trace extension -e examples/bpf/len/len.bpf.o -o json
grep -q '"function":"ip_rcv",.*"len":84,' /tmp/extension
trace script -s examples/lua/mark/mark.lua
grep -q ' ip_rcv (mark: 0x4d2)$' /tmp/script

./ipft lua <(echo 'api_version = 1') 2>&1 | grep -q '^no extension object'

# ipft refuses a directory that others could have written to.
[[ $(stat -c %a /var/cache/ipft) == 700 ]]
chmod 777 /var/cache/ipft/*
if ./ipft --version 2>/tmp/log; then exit 1; fi
grep 'others could have written to it' /tmp/log
rm -rf /var/cache/ipft
{ head -c 1000000 ipft; } >/tmp/cut && chmod +x /tmp/cut
if /tmp/cut --version 2>/tmp/log; then exit 1; fi
grep 'is damaged: copy it again' /tmp/log
[[ ! $(ls /var/cache/ipft) ]]
echo "ipft runs where nothing is installed"
