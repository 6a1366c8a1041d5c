#!/bin/bash
# build-root.sh WORK OUT: makes OUT/root.ext2, the root filesystem of the guests. It holds only Debian's
# own files: the kernel's modules, the checkout and the guest's init come on disks of their own.
set -euo pipefail
work=$1 out=$2
source "$(dirname "${BASH_SOURCE[0]}")/mirror.sh"

packages=(
  # for the tests, and for people who look around
  bpftool conntrack ethtool iperf3 iproute2 iptables iputils-ping jq kmod nftables procps strace
  tcpdump
  # libraries of ipft and Deno
  libbpf1 libc-bin libgcc-s1 libstdc++6
)
root=$work/root

echo "making the guests' root filesystem (Debian bookworm)"
IFS=,
if ! debootstrap --variant=minbase --include="${packages[*]}" bookworm "$root" "$(mirror)" \
  >"$work/log" 2>&1; then
  tail -n 20 "$work/log" >&2
  echo "setup.sh: debootstrap failed; see its messages above" >&2
  exit 1
fi

rm -rf "$root"/usr/share/{doc,info,lintian,locale,man}/* "$root"/var/lib/apt/lists/* \
  "$root"/var/cache/apt/* "$root"/var/log/*
# debootstrap copies those of the host.
echo ipft-vm >"$root/etc/hostname"
printf '127.0.0.1 localhost ipft-vm\n::1 localhost\n' >"$root/etc/hosts"
: >"$root/etc/resolv.conf"
# Mount points for what the runner adds.
mkdir -p "$root"/{ipft,lib/modules}
touch "$root/usr/local/bin/deno"

# Sparse: the room is for what a command writes. No write of a guest ever reaches this file, so it is
# ext2, which is the quickest to make and mount for want of a journal and checksums.
truncate --size=4G "$out/root.ext2"
mke2fs -q -t ext2 -m 0 -d "$root" "$out/root.ext2"
