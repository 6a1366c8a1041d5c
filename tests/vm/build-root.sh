#!/bin/bash
# build-root.sh WORK OUT: makes OUT/root.ext2, the guests' root filesystem. It holds only Debian's own
# files: the kernel's modules, the checkout and the guest's init come on disks of their own.
set -euo pipefail
work=$1 out=$2
source "$(dirname "${BASH_SOURCE[0]}")/mirror.sh"

packages=(
  # what the tests and a person who looks around use
  bpftool conntrack ethtool iperf3 iproute2 iptables iputils-ping jq kmod nftables procps strace
  tcpdump
  # what ipft and Deno link to
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
# debootstrap copies the host's.
echo ipft-vm >"$root/etc/hostname"
printf '127.0.0.1 localhost ipft-vm\n::1 localhost\n' >"$root/etc/hosts"
: >"$root/etc/resolv.conf"
# Mount points of the checkout, and of what else the runner gives to the guest.
mkdir -p "$root"/{ipft,lib/modules}
touch "$root/usr/local/bin/deno"

# Sparse: the room is for what a command writes. ext2, because no guest's write ever reaches this
# file, and without journal and checksums it is made and mounted soonest.
truncate --size=4G "$out/root.ext2"
mke2fs -q -t ext2 -m 0 -d "$root" "$out/root.ext2"
