#!/bin/bash
# setup.sh [KERNEL...]: makes what run.ts boots, under $IPFT_CACHE/vm; without arguments for all kernels.
#
# It is safe to run again, even after a failure: a part exists only when it is complete, and is made
# again only when the script that builds it has changed. A kernel is the newest of its kind on the day
# it is fetched; remove its directory to fetch a newer one.
set -euo pipefail
# `su` keeps the PATH of an ordinary user, in which depmod, debootstrap and mke2fs are missing.
export PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=${here%/tests/vm}
vm=${IPFT_CACHE:-$checkout/.cache}/vm
work=$vm/work
build_kernel=$here/build-kernel.sh
build_root=$here/build-root.sh
all_kernels=(6.12 6.1 5.10 7.2)
host_packages=(
  busybox-static cpio debian-archive-keyring debootstrap e2fsprogs git kmod qemu-system-x86 tar
  xz-utils
)

fail() {
  echo "setup.sh: $1" >&2
  exit 1
}

# is_made FOLDER SCRIPT: succeeds if FOLDER is complete and was made by SCRIPT as it is now.
is_made() {
  [[ -f $1/key && $(<"$1/key") == "$(sha256sum <"$2")" ]]
}

# make_part FOLDER SCRIPT ARGS...: replaces FOLDER with what `SCRIPT WORK FOLDER.tmp ARGS...` makes.
make_part() {
  local folder=$1 script=$2
  shift 2
  rm -rf "$folder.tmp"
  mkdir -p "$folder.tmp"
  "$script" "$work" "$folder.tmp" "$@"
  sha256sum <"$script" >"$folder.tmp/key"
  rm -rf "$folder"
  mv "$folder.tmp" "$folder"
}

discard_work() {
  # debootstrap leaves these mounted when it is killed.
  umount --quiet "$work/root/proc" "$work/root/sys" 2>/dev/null || true
  rm -rf --one-file-system "$work"
}

is_all_made() {
  local kernel
  for kernel in "${kernels[@]}"; do
    is_made "$vm/kernels/$kernel" "$build_kernel" || return
  done
  is_made "$vm/root" "$build_root"
}

kernels=("$@")
((${#kernels[@]})) || kernels=("${all_kernels[@]}")
for kernel in "${kernels[@]}"; do
  [[ " ${all_kernels[*]} " == *" $kernel "* ]] ||
    fail "there is no kernel '$kernel'; choose from: ${all_kernels[*]}"
done

"$checkout/tests/packages.sh" "${host_packages[@]}"
! is_all_made || exit 0
((EUID == 0)) || fail "must run as root: sudo $here/setup.sh ${kernels[*]}"

mkdir -p "$vm/kernels"
# `make demo` and `make test` may run side by side: the second waits and finds the work done. Processes
# that a killed run left behind hold the lock, too.
exec {lock}>"$vm/lock"
flock "$lock"
# A signal waits for the running program, which would otherwise write to what is being removed.
trap 'exit 130' INT
trap 'exit 143' TERM HUP
trap discard_work EXIT
discard_work
mkdir "$work"

for kernel in "${kernels[@]}"; do
  is_made "$vm/kernels/$kernel" "$build_kernel" ||
    make_part "$vm/kernels/$kernel" "$build_kernel" "$kernel"
done
is_made "$vm/root" "$build_root" || make_part "$vm/root" "$build_root"
