#!/bin/bash
# packages.sh PACKAGE...: as root, installs the Debian packages that are missing; otherwise names them.
set -euo pipefail

missing=()
for package in "$@"; do
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
    missing+=("$package")
done
((${#missing[@]})) || exit 0

if ((EUID != 0)); then
  echo "Debian packages are missing; install them with:" >&2
  echo "sudo apt-get install -y ${missing[*]}"
  exit 1
fi
echo "installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Recommended packages would pull in whole desktops.
if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y \
  --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "packages.sh: cannot install the packages; apt's last messages are above" >&2
  exit 1
fi
