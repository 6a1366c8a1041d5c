#!/bin/bash
# pack.sh FOLDER FILE [PERMISSION...]: makes a self-extracting executable of a folder that has Deno and a
# main.js, which may do what the options of `deno run` say.
set -euo pipefail
folder=$1 file=$2
shift 2
payload=$(mktemp)
trap 'rm -f "$payload"' EXIT
tar --create --sort=name --owner=0 --group=0 --mtime=@0 --directory "$folder" . |
  gzip --best --no-name >"$payload"
sha256=$(sha256sum <"$payload" | cut -d ' ' -f 1)
names=$(cd "$folder" && find . -type f -printf '%P\n' | LC_ALL=C sort)
sizes=$(cd "$folder" && xargs stat --format=%s <<<"$names")
launcher=$(<"$(dirname "$0")/launcher.sh")
launcher=${launcher//@SHA256@/$sha256}
launcher=${launcher//@NAMES@/$names}
launcher=${launcher//@SIZES@/$sizes}
launcher=${launcher//@PERMISSIONS@/$*}
{ printf '%s\n' "$launcher" && cat "$payload"; } >"$file"
chmod 755 "$file"
