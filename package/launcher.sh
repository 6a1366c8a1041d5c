#!/bin/sh
# ipft as a self-extracting executable. The first run unpacks it into a folder, later runs start it from
# there. The folder is writable only by its owner, and its name is the checksum of the payload.
set -eu
sha256=@SHA256@
user=$(id -u)
if [ "$user" = 0 ]; then
	cache=/var/cache/ipft
else
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/ipft
fi
folder=$cache/$sha256

fail() {
	echo "ipft: $1" >&2
	exit 1
}

# owners FOLDER...: prints a line for each folder, equal to $ours if only this user can write to it.
owners() {
	stat -c '%F %u %a' "$@" 2>/dev/null || true
}
ours="directory $user 700"

unpack() {
	umask 077
	mkdir -p "$cache" || fail "cannot make $cache to unpack ipft into"
	[ "$(owners "$cache")" = "$ours" ] ||
		fail "will not use $cache: it must be a folder of yours with mode 700; remove it"
	# Remove what other versions have unpacked. One that is still in use is unpacked again.
	find "$cache" -mindepth 1 -maxdepth 1 -type d -mtime +7 -exec rm -rf {} +
	new=$(mktemp -d "$cache/new.XXXXXX") || fail "cannot write to $cache to unpack ipft there"
	trap 'rm -rf "$new"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	# The payload follows the last line of this script.
	last=$(grep -a -n -m 1 '^exec ' "$0" | cut -d : -f 1)
	tail -n +$((last + 1)) "$0" >"$new/payload" || fail "cannot unpack into $cache"
	[ "$(sha256sum <"$new/payload")" = "$sha256  -" ] || fail "$0 is damaged: copy it again"
	mkdir "$new/tree"
	tar -xzf "$new/payload" -C "$new/tree" || fail "cannot unpack into $cache"
	chmod 700 "$new/tree"
	# Another ipft may have unpacked it first.
	mv -T "$new/tree" "$folder" 2>/dev/null || [ -d "$folder" ] || fail "cannot unpack into $cache"
	rm -rf "$new"
	trap - EXIT INT TERM HUP
}

[ -d "$folder" ] || unpack
[ "$(owners "$cache" "$folder")" = "$ours
$ours" ] || fail "will not use $folder: others could have written to it; remove $cache"
export DENO_DIR="$folder/cache" DENO_NO_UPDATE_CHECK=1
exec "$folder/deno" run --quiet --no-prompt --cached-only @PERMISSIONS@ "$folder/main.js" "$@"
