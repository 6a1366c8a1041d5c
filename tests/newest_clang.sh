#!/bin/bash
# newest_clang.sh: the name of the newest clang in the Debian archives that this machine's apt knows.
# The package and the program are called the same.
set -euo pipefail
names() { apt-cache pkgnames clang- | grep -Ex 'clang-[0-9]+' | sort -V; }
# A fresh machine has no lists.
[[ $(names) ]] || apt-get update -qq >&2
names | tail -n 1
