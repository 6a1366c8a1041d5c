#!/bin/bash
# newest_clang.sh: prints the name of the newest clang that this machine's apt knows. The package and the
# program have the same name.
set -euo pipefail
names() { apt-cache pkgnames clang- | grep -Ex 'clang-[0-9]+' | sort -V; }
# A fresh machine has no lists.
[[ $(names) ]] || apt-get update -qq >&2
names | tail -n 1
