#!/bin/bash
# build.sh DENO: makes ./ipft, one executable with everything that it needs. See docs/architecture.md.
set -euo pipefail
cd "$(dirname "$0")/.."
deno=$1
# What ipft may do: it opens the user's files and runs the compiler that the environment names. The
# network is for the probe server; without one, ipft gives up this permission when it starts.
permissions=(--allow-ffi --allow-read --allow-write --allow-env --allow-run --allow-sys=uid,osRelease
  --allow-net)

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
# A copy of the sources, for build.json to say what becomes of them, and the files to pack.
tree=$stage/tree packed=$stage/packed
mkdir -p "$tree" "$packed/node_modules"
git -c safe.directory='*' ls-files -z --cached --others --exclude-standard -- main.ts lib deno.json |
  xargs -0 cp --parents --target-directory="$tree"
ln -s "$PWD/node_modules" "$tree/"
# The bundle holds every other package that ipft uses.
sed -e '/"npm:/{/wasmoon/!d;s/,$//}' deno.json >"$packed/deno.json"
cp -rL node_modules/wasmoon "$packed/node_modules/"
rm -rf "$packed/node_modules/wasmoon/node_modules"
cp LICENSE lib/bpf/{tracer,tracer_extension}.bpf.o "$packed/"
# What the bundle holds of others.
for package in leven re2js; do
  cp node_modules/"$package"/[Ll][Ii][Cc][Ee][Nn][Ss][Ee] "$packed/LICENSE.$package"
done
cp -r lib/ffi/native "$packed/"

commit=$(git -c safe.directory='*' describe --always --dirty --abbrev=12 --exclude='*')
# Bundled into a few files of JavaScript, ipft starts sooner and need not compile TypeScript first.
bundle() {
  rm -f "$packed"/*.js
  printf '{ "kind": "%s", "commit": "%s" }\n' "$1" "$commit" >"$tree/lib/commands/build.json"
  (cd "$tree" && "$deno" bundle --quiet --platform deno --code-splitting --external wasmoon \
    --outdir "$packed" main.ts) >"$stage/log" 2>&1 || { cat "$stage/log" >&2; exit 1; }
}

bundle "compiled executable"
if (cd "$packed" && timeout 300 "$deno" compile --quiet --no-check --no-prompt "${permissions[@]}" \
  --include native --include tracer.bpf.o --include tracer_extension.bpf.o \
  --output "$stage/ipft" main.js) >"$stage/log" 2>&1 &&
  "$stage/ipft" --version 2>/dev/null | grep -q '^ipft '; then
  mv "$stage/ipft" ipft
else
  reason=$(grep -m 1 denort "$stage/log" | sed 's/^ *[0-9]*: //') || reason="its executable does not run"
  echo "deno compile cannot be used here: $reason"
  echo "making a self-extracting executable instead"
  bundle "self-extracting executable"
  cp "$deno" "$packed/deno"
  package/pack.sh "$packed" "$stage/ipft" "${permissions[@]}"
  mv "$stage/ipft" ipft
fi
./ipft --version
