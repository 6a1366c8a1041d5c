#!/bin/bash
# build.sh FOLDER: puts libpcap.so.1 and its licence, LICENSE.libpcap, into FOLDER. The library is built from
# Debian's source package once, and kept in $IPFT_CACHE. Only the compiler of expressions is left in it.
set -euo pipefail
folder=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=${here%/package/libpcap}
cache=${IPFT_CACHE:-$checkout/.cache}
version=1.10.3
: "${CLANG:=clang}"
source "$checkout/tests/vm/mirror.sh"

# Everything here decides what is built.
built=$cache/libpcap-$version-$(cat "$here"/* | sha256sum | cut -c 1-12)

fail() {
  echo "libpcap: $1" >&2
  exit 1
}

# try WHAT COMMAND...: runs a command, and shows its last messages when it fails.
try() {
  local what=$1
  shift
  "$@" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; fail "$what"; }
}

# Package lists of our own: the machine's apt may know no sources. Apt verifies what it downloads.
fetch() (
  local mirror apt=$work/apt
  mirror=$(mirror)
  [[ $mirror ]] || fail "this machine's apt sources name no Debian mirror"
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm main" \
    >"$apt/sources.list"
  local options=(
    -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache"
    -o Acquire::Languages=none -o Acquire::PDiffs=false -o Acquire::Retries=2
    # The _apt user cannot enter our directories.
    -o APT::Sandbox::User=root
  )
  try "cannot read the list of Debian's sources from ${mirror%/}" \
    apt-get "${options[@]}" update -qq --error-on=any
  cd "$work"
  try "cannot fetch Debian's source package" apt-get "${options[@]}" source -qq libpcap
  [[ -d libpcap-$version ]] || fail "Debian has another version than $version: $(ls -d libpcap-*/)"
)

build() (
  cd "$work/libpcap-$version"
  # With the capture type `null` it can open no interface.
  try "cannot configure it" env CC="$CLANG" ./configure --with-pcap=null --without-libnl \
    --without-dag --without-septel --without-snf --without-turbocap --without-dpdk \
    --disable-dbus --disable-usb --disable-bluetooth --disable-rdma --disable-netmap --disable-remote
  # The options of the make that runs this script are not for libpcap's.
  try "cannot compile it" env -u MAKEFLAGS make -j "$(nproc)" libpcap.a \
    CFLAGS="-O2 -ffunction-sections -fdata-sections"
  try "cannot link it" "$CLANG" -shared -fPIC -O2 -Wall -Wextra -Werror -o "$work/out/libpcap.so.1" \
    "$here/local_names.c" -Wl,--whole-archive libpcap.a -Wl,--no-whole-archive \
    -Wl,--wrap=getaddrinfo,--version-script="$here/exports.map",-soname=libpcap.so.1 \
    -Wl,--gc-sections,--strip-all,-z,defs,-z,relro,-z,now
  # Upstream's own LICENSE does not say whose it is.
  cp debian/copyright "$work/out/LICENSE.libpcap"
)

if [[ ! -d $built ]]; then
  "$checkout/tests/packages.sh" flex bison dpkg-dev debian-archive-keyring
  echo "building libpcap $version"
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/libpcap.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir "$work/out"
  fetch
  build
  # It is complete, or not there. Another build may have been quicker.
  mv -T "$work/out" "$built" 2>/dev/null || [[ -d $built ]]
fi
install -D -m 644 -t "$folder" "$built"/*
