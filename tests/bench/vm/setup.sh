#!/bin/bash
# setup.sh: makes $IPFT_CACHE/bench/extras, the folder that the benchmark's guest gets as /mnt/extras:
#   usr/bin/pwru     the pwru of Debian trixie; the guest's bookworm has what it links to
#   empty.bpf.o      empty.bpf.c, compiled
#   versions         a line for each tool
#
# Safe to run again: what is complete stays. Remove $IPFT_CACHE/bench for a newer pwru.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=${here%/tests/bench/vm}
bench=${IPFT_CACHE:-$checkout/.cache}/bench
extras=$bench/extras
work=$bench/work
source "$checkout/tests/vm/mirror.sh"

fail() {
  echo "setup.sh: $1" >&2
  exit 1
}

# Lists of our own: trixie must not become visible to this machine's apt.
fetch_pwru() {
  local apt=$work/apt signed main
  local options=(
    -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache"
    -o Acquire::Languages=none -o Acquire::Retries=2 -o APT::Sandbox::User=root
  )
  signed='[arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
  main=$(mirror)
  [[ $main ]] || fail "this machine's apt sources name no Debian mirror"
  rm -rf "$work"
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  echo "deb $signed $main trixie main" >"$apt/sources.list"
  echo "fetching pwru from Debian trixie" >&2
  (
    cd "$work"
    apt-get "${options[@]}" update -qq --error-on=any
    apt-get "${options[@]}" download -qq pwru
  ) >"$apt/log" 2>&1 || {
    tail -n 5 "$apt/log" >&2
    fail "cannot fetch pwru of Debian trixie from ${main%/}"
  }
  dpkg-deb --extract "$work"/pwru_*.deb "$work/pwru"
  mkdir -p "$extras/usr/bin"
  dpkg-deb --show --showformat '${Package} ${Version} of Debian trixie\n' "$work"/pwru_*.deb \
    >"$extras/versions"
  mv "$work/pwru/usr/bin/pwru" "$extras/usr/bin/pwru"
  rm -rf "$work"
}

"$checkout/tests/packages.sh" clang libbpf-dev debian-archive-keyring
[[ -x $extras/usr/bin/pwru ]] || fetch_pwru
[[ $extras/empty.bpf.o -nt $here/empty.bpf.c ]] ||
  clang -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror \
    -I"/usr/include/$(uname -m)-linux-gnu" -c "$here/empty.bpf.c" -o "$extras/empty.bpf.o"
