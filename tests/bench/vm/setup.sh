#!/bin/bash
# setup.sh [bpftrace]: makes what the benchmark's guest gets in /mnt/extras, under $IPFT_CACHE/bench:
#   extras/usr/bin/pwru     the pwru of Debian trixie; the guest's bookworm has its libraries
#   extras/*.bpf.o          empty.bpf.c and submit.bpf.c, compiled
#   bpftrace/bpftrace/      the bpftrace of Debian sid and its libraries (290 MB), only on request:
#                           packing them takes a second for each guest
#   extras/pwru.version, bpftrace/bpftrace.version
#
# It is safe to run again: what is complete stays. Remove $IPFT_CACHE/bench to fetch newer versions.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=${here%/tests/bench/vm}
bench=${IPFT_CACHE:-$checkout/.cache}/bench
work=$bench/work
source "$checkout/tests/vm/mirror.sh"

fail() {
  echo "setup.sh: $1" >&2
  exit 1
}

# fetch SUITE PACKAGE: extracts PACKAGE and all its dependencies to $work/root, and writes its name and
# version to $work/version. It has package lists of its own and takes no package to be installed: SUITE
# must not become visible to this machine's apt, and the guest lacks what is installed here.
fetch() {
  local suite=$1 package=$2 apt=$work/apt signed main archive
  local options=(
    -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::State::Lists="$apt/lists" -o Dir::State::Status="$apt/status" -o Dir::Cache="$apt/cache"
    -o Acquire::Languages=none -o Acquire::Retries=2 -o APT::Sandbox::User=root
  )
  signed='[arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
  main=$(mirror)
  [[ $main ]] || fail "this machine's apt sources name no Debian mirror"
  rm -rf "$work"
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  echo "deb $signed $main $suite main" >"$apt/sources.list"
  : >"$apt/status"
  echo "fetching $package from Debian $suite" >&2
  {
    apt-get "${options[@]}" update -qq --error-on=any
    apt-get "${options[@]}" install -qq --yes --download-only --no-install-recommends "$package"
  } >"$apt/log" 2>&1 || {
    tail -n 5 "$apt/log" >&2
    fail "cannot fetch $package of Debian $suite from ${main%/}"
  }
  for archive in "$apt"/cache/archives/*.deb; do dpkg-deb --extract "$archive" "$work/root"; done
  dpkg-deb --show --showformat "\${Package} \${Version} of Debian $suite\n" \
    "$apt/cache/archives/${package}"_*.deb >"$work/version"
}

make_pwru() {
  fetch trixie pwru
  mkdir -p "$bench/extras/usr/bin"
  mv "$work/root/usr/bin/pwru" "$bench/extras/usr/bin/pwru"
  mv "$work/version" "$bench/extras/pwru.version"
  rm -rf "$work"
}

# bpftrace needs newer libraries than the guest has, so they come along with their loader.
make_bpftrace() {
  local out=$bench/bpftrace/bpftrace usr=$work/root/usr libraries
  fetch sid bpftrace
  rm -rf "$bench/bpftrace"
  mkdir -p "$out"
  # The loader lists itself as well.
  mapfile -t libraries < <(
    "$usr/lib64/ld-linux-x86-64.so.2" --library-path "$usr/lib/x86_64-linux-gnu" \
      --list "$usr/bin/bpftrace" | awk -v folder="$usr/" 'index($3, folder) == 1 { print $3 }'
  )
  cp --dereference "$usr/bin/bpftrace" "${libraries[@]}" "$out"
  mv "$work/version" "$bench/bpftrace/bpftrace.version"
  rm -rf "$work"
}

"$checkout/tests/packages.sh" clang libbpf-dev debian-archive-keyring
[[ -f $bench/extras/pwru.version ]] || make_pwru
for source in "$here"/*.bpf.c; do
  object=$bench/extras/$(basename "${source%.c}.o")
  [[ $object -nt $source ]] ||
    clang -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror \
      -I"/usr/include/$(uname -m)-linux-gnu" -c "$source" -o "$object"
done
[[ ${1-} != bpftrace || -f $bench/bpftrace/bpftrace.version ]] || make_bpftrace
