#!/bin/bash
# setup.sh [KERNEL...]: makes what run.ts boots, under $IPFT_CACHE/vm. Without arguments: every kernel.
#
# Safe to run again, also after a failure: a part exists only when it is complete, and it is made
# again only when the script that builds it has changed. A kernel is the newest of its kind on the
# day it was fetched; remove its folder to fetch a newer one.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=${here%/tests/vm}
vm=${IPFT_CACHE:-$checkout/.cache}/vm
all_kernels=(6.12 6.1 5.10 7.2)
host_packages=(
  busybox-static cpio debian-archive-keyring debootstrap e2fsprogs git kmod qemu-system-x86 tar
  xz-utils
)

fail() {
  echo "setup.sh: $1" >&2
  exit 1
}

is_installed() {
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

install_host_packages() {
  local missing=() package
  for package in "${host_packages[@]}"; do
    is_installed "$package" || missing+=("$package")
  done
  ((${#missing[@]})) || return 0

  if ((EUID != 0)); then
    echo "The VM test bed needs Debian packages that are missing here:" >&2
    echo "sudo apt-get install -y ${missing[*]}"
    exit 1
  fi
  echo "installing ${missing[*]}"
  local log
  log=$(mktemp)
  # Recommended packages would bring qemu's graphical front ends along.
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y \
    --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    fail "cannot install the packages; see apt's messages above"
  fi
  rm -f "$log"
}

# part FOLDER SCRIPT ARGS...: FOLDER as `SCRIPT WORK FOLDER.tmp ARGS...` makes it.
part() {
  local folder=$1 script=$2 key
  shift 2
  key=$(sha256sum <"$script")
  [[ -f $folder/key && $(<"$folder/key") == "$key" ]] && return

  ((EUID == 0)) || fail "making ${folder#"$vm"/} needs root; run: sudo $here/setup.sh"
  rm -rf "$folder.tmp"
  mkdir -p "$folder.tmp"
  "$script" "$work" "$folder.tmp" "$@"
  echo "$key" >"$folder.tmp/key"
  rm -rf "$folder"
  mv "$folder.tmp" "$folder"
}

kernels=("$@")
((${#kernels[@]})) || kernels=("${all_kernels[@]}")
for kernel in "${kernels[@]}"; do
  [[ " ${all_kernels[*]} " == *" $kernel "* ]] ||
    fail "no kernel '$kernel'; there are: ${all_kernels[*]}"
done

install_host_packages

mkdir -p "$vm/kernels"
# `make demo` and `make test` may run side by side: the second waits and finds the work done.
exec {lock}>"$vm/lock"
flock "$lock"
work=$(mktemp -d "$vm/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

for kernel in "${kernels[@]}"; do
  part "$vm/kernels/$kernel" "$here/build-kernel.sh" "$kernel"
done
part "$vm/root" "$here/build-root.sh"
