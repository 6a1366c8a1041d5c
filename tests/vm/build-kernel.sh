#!/bin/bash
# build-kernel.sh WORK OUT KERNEL: fetches a Debian kernel and makes in OUT:
#   vmlinuz        the kernel
#   initrd         loads the drivers of the virtual disks, mounts them and starts guest.sh
#   modules.ext2   the image that the guest mounts on /lib/modules; separate from the root image, so
#                  that kernels can be fetched one at a time and share the root image
#   release        the output of `uname -r` in the guest
set -euo pipefail
work=$1 out=$2 kernel=$3
source "$(dirname "${BASH_SOURCE[0]}")/mirror.sh"

fail() {
  echo "setup.sh: kernel $kernel: $1" >&2
  exit 1
}

case $kernel in
  6.12) suite=bookworm image='linux-image-6\.12\.[0-9]+\+deb12-cloud-amd64-unsigned' ;;
  6.1) suite=bookworm image='linux-image-6\.1\.0-[0-9]+-cloud-amd64' ;;
  5.10) suite=bullseye image='linux-image-5\.10\.0-[0-9]+-cloud-amd64' ;;
  7.2) suite=sid image='linux-binary-7\.[0-9.]+\+deb[0-9]+-cloud-amd64' ;;
  *) fail "there is no such kernel" ;;
esac

# Package lists of our own, which the kernels of one suite share: other suites must not become visible
# to this machine's apt.
apt=$work/apt-$suite
apt_options=(
  -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
  -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache"
  -o Acquire::Languages=none -o Acquire::PDiffs=false -o Acquire::Retries=2
  -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false
  # The _apt user cannot enter our directories. Root downloads instead; apt still checks signatures.
  -o APT::Sandbox::User=root
)

update_lists() {
  [[ -f $apt/updated ]] && return
  local signed='[arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]' main security
  main=$(mirror)
  [[ $main ]] || fail "this machine's apt sources name no Debian mirror"
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  echo "deb $signed $main $suite main" >"$apt/sources.list"
  security=$(mirror -security)
  # The newest kernels of bookworm appear here first. The other suites do without.
  [[ $suite == bookworm && $security ]] &&
    echo "deb $signed $security $suite-security main" >>"$apt/sources.list"
  if ! apt-get "${apt_options[@]}" update -qq --error-on=any >"$apt/log" 2>&1; then
    tail -n 5 "$apt/log" >&2
    fail "cannot read the package lists of Debian $suite from ${main%/}"
  fi
  touch "$apt/updated"
}

download() {
  mkdir -p "$work/deb"
  rm -f "$work"/deb/*.deb
  (cd "$work/deb" && apt-get "${apt_options[@]}" download -qq "$@") >"$apt/log" 2>&1 || {
    tail -n 5 "$apt/log" >&2
    fail "cannot download $*"
  }
}

update_lists
package=$(apt-cache "${apt_options[@]}" pkgnames | grep -Ex "$image" | sort -V | tail -n 1) ||
  fail "Debian $suite has no package that matches $image"
echo "fetching kernel $kernel: $package"
case $package in
  linux-binary-*) download "$package" "${package/binary/modules}" "${package/binary/base}" ;;
  *) download "$package" ;;
esac

tree=$work/kernel-$kernel
for deb in "$work"/deb/*.deb; do dpkg-deb --extract "$deb" "$tree"; done
# Since 7.x, packages install to /usr and put the kernel among its modules.
if [[ -d $tree/usr/lib/modules ]]; then
  mkdir -p "$tree/lib"
  mv "$tree/usr/lib/modules" "$tree/lib/modules"
fi
release=$(ls "$tree/lib/modules")
modules=$tree/lib/modules/$release
if [[ -f $modules/vmlinuz ]]; then
  mv "$modules/vmlinuz" "$out/vmlinuz"
else
  cp "$tree/boot/vmlinuz-$release" "$out/vmlinuz"
  # guest.sh links it to where programs look for a kernel's configuration on Debian.
  cp "$tree/boot/config-$release" "$modules/config"
fi
depmod --basedir "$tree" "$release"
echo "$release" >"$out/release"

truncate --size=512M "$out/modules.ext2"
mke2fs -q -t ext2 -m 0 -d "$tree/lib/modules" "$out/modules.ext2"

initrd=$work/initrd-$kernel
mkdir -p "$initrd"/{dev,root}
cp "$(command -v busybox)" "$initrd/busybox"
for module in virtio_pci virtio_blk virtio_console ext4; do
  modprobe --config /dev/null --dirname "$tree" --set-version "$release" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
  cp "$file" "$initrd"
  name=${file##*/}
  [[ $name == *.xz ]] && xz --decompress "$initrd/$name"
  echo "${name%.xz}"
done >"$initrd/modules"
# The ext4 driver, which all of these kernels have, also mounts ext2.
cat >"$initrd/init" <<'INIT'
#!/busybox sh
# The disks, in the order of qemu's command line: root, modules, payload.
/busybox mount -t devtmpfs devtmpfs /dev
for module in $(/busybox cat /modules); do /busybox insmod "/$module"; done
/busybox mount -t ext4 -o noatime /dev/vda /root
/busybox mount -t ext4 -o ro /dev/vdb /root/lib/modules
/busybox mount -t ext4 -o noatime /dev/vdc /root/mnt
exec /busybox switch_root /root /mnt/guest.sh
INIT
chmod +x "$initrd/init"
(cd "$initrd" && find . | cpio --create --format=newc --quiet) >"$out/initrd"

rm -rf "$tree" "$initrd"
