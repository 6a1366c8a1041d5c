#!/bin/bash
# build.sh DENO: makes ./ipft, one executable that brings everything along. See docs/architecture.md.
set -euo pipefail
cd "$(dirname "$0")/.."
deno=$1
# What ipft may do: files of the user's, the compiler that the environment names. The network is for the
# probe server: without it ipft gives that away when it begins.
permissions=(--allow-ffi --allow-read --allow-write --allow-env --allow-run --allow-sys=uid,osRelease
  --allow-net)

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
tree=$stage/tree
mkdir "$tree"
objects=(lib/bpf/tracer.bpf.o lib/bpf/tracer_module.bpf.o)
git -c safe.directory='*' ls-files -z --cached --others --exclude-standard -- \
  main.ts lib deno.json deno.lock LICENSE |
  xargs -0 cp --parents --target-directory="$tree"
cp --parents --target-directory="$tree" "${objects[@]}" lib/ffi/native/*
# Of the packages those that ipft itself imports.
sed -i -e '/@cfworker/d' -e '/fast-check/d' -e '/@types/d' "$tree/deno.json"
rm "$tree/deno.lock"
mkdir "$tree/node_modules"
cp -rL node_modules/{commander,wasmoon,@commander-js} "$tree/node_modules/"
rm -rf "$tree"/node_modules/*/node_modules "$tree"/node_modules/*/*/node_modules

commit=$(git -c safe.directory='*' describe --always --dirty --abbrev=12 --exclude='*')
describe() {
  printf '{ "kind": "%s", "commit": "%s" }\n' "$1" "$commit" >"$tree/lib/build.json"
}

describe "compiled executable"
if (cd "$tree" && timeout 300 "$deno" compile --quiet --no-check --no-prompt "${permissions[@]}" \
  --include lib/ffi/native --include lib/bpf/tracer.bpf.o --include lib/bpf/tracer_module.bpf.o \
  --output "$stage/ipft" main.ts) >"$stage/log" 2>&1 &&
  "$stage/ipft" --version 2>/dev/null | grep -q '^ipft '; then
  mv "$stage/ipft" ipft
else
  reason=$(grep -m 1 denort "$stage/log" | sed 's/^ *[0-9]*: //') || reason="what it makes does not run"
  echo "deno compile cannot be used here: $reason"
  echo "making a self-extracting executable in place of it"
  describe "self-extracting executable"
  cp "$deno" "$tree/deno"
  tar --create --sort=name --owner=0 --group=0 --mtime=@0 --directory "$tree" . |
    gzip --best --no-name >"$stage/payload"
  sha256=$(sha256sum <"$stage/payload" | cut -d ' ' -f 1)
  sed -e "s/@SHA256@/$sha256/" -e "s/@PERMISSIONS@/${permissions[*]}/" package/launcher.sh >"$stage/ipft"
  cat "$stage/payload" >>"$stage/ipft"
  chmod 755 "$stage/ipft"
  mv "$stage/ipft" ipft
fi
./ipft --version
