#!/bin/sh -p
# ipft as a self-extracting executable. The first run unpacks it into a folder, later runs start it from
# there. The folder is writable only by its owner, and its name is the checksum of the payload.
# A start holds a shared lock on the folder for as long as ipft runs (flock(2), inherited by Deno), and
# only a start that holds an exclusive lock on the cache adds, repairs or removes anything in it.
set -euf

# The environment must not decide what runs here. Deno keeps the variables that ipft's manual page names
# and PATH, to find the compiler. All others are renamed; lib/base/environment.ts gives them back
# to the compiler and to the command after `--`. These lines come first, as long as the shell has no
# variables but those of the environment and its own.
IFS='
'
ipft_names=
for ipft_line in $(export -p); do
	ipft_name=${ipft_line#export }
	ipft_name=${ipft_name%%=*}
	case $ipft_name in
	CC | CFLAGS | IPFT_LIBBPF | IPFT_LIBPCAP | NO_COLOR | PATH | TERM | TMPDIR) continue ;;
	# The shell's own, which it does not take from the environment or does not let go.
	ipft_* | IFS | PS[1-4] | OPTIND | PPID | UID | EUID | SHELLOPTS | BASHOPTS | LINENO) continue ;;
	'' | [0-9]* | *[!A-Za-z0-9_]*) continue ;; # a further line of a value
	esac
	eval "[ \"\${$ipft_name+set}\" ]" || continue
	eval "export IPFT_USER_$ipft_name=\"\$$ipft_name\""
	unset "$ipft_name"
	ipft_names="$ipft_names $ipft_name"
done
export IPFT_USER_NAMES="$ipft_names"
unset IFS
user_path=${PATH-}
PATH=/usr/sbin:/usr/bin:/sbin:/bin

sha256=@SHA256@
# The files of the payload and their sizes.
names='@NAMES@'
sizes='@SIZES@'

fail() {
	echo "ipft: $1" >&2
	exit 1
}

# try WHAT CURE COMMAND...: runs the command; its first message says why it failed.
try() {
	what=$1 cure=$2
	shift 2
	why=$("$@" 2>&1) || {
		case $why in
		*"Wrote only"*) why="No space left on device" ;; # tar's words for it
		*) why=$(echo "$why" | head -n 1) ;;
		esac
		fail "cannot $what: ${why##*: }; $cure"
	}
}

[ -d /proc/self ] || fail "/proc is not mounted; mount it"
[ "$(stat -c %h . 2>/dev/null)" != 0 ] || fail "the working directory has been removed; change to another one"
user=$(id -u)
if [ "$user" = 0 ]; then
	cache=/var/cache/ipft
	elsewhere="mount a file system with room for 150 MB at /var/cache"
else
	elsewhere="set XDG_CACHE_HOME to a folder of yours with room for 150 MB"
	cache=${IPFT_USER_HOME-}/.cache/ipft
	# The XDG base directory specification says to ignore a relative path.
	case ${IPFT_USER_XDG_CACHE_HOME-} in
	/*) cache=$IPFT_USER_XDG_CACHE_HOME/ipft ;;
	*) case $cache in /.cache/* | [!/]*) fail "HOME is not set to a folder; $elsewhere" ;; esac ;;
	esac
fi
folder=$cache/$sha256

# A descriptor for the lock on $folder that the user has not opened.
lock=9
while [ -e /proc/$$/fd/$lock ]; do
	lock=$((lock - 1))
	[ $lock -gt 2 ] || fail "file descriptors 3 to 9 are all in use; close one"
done

# is_ours FOLDER...: whether they are folders that only this user can write to.
is_ours() {
	for facts in $(stat -c %u:%a:%F "$@" 2>&1); do
		case $facts in "$user":*700:directory) ;; *) return 1 ;; esac
	done
}

# Whether $folder has all of the payload. If so, nobody removes it while $lock is open.
ready() {
	[ -d "$folder" ] || return 1
	is_ours "$cache" "$folder" ||
		fail "will not use $folder: others could have written to it; remove $cache"
	eval "command exec $lock<\"\$folder\"" 2>/dev/null || return 1
	try "lock $folder" "$elsewhere" flock -s $lock
	# It may have been removed and made again in between.
	[ "$folder" -ef /proc/self/fd/$lock ] || return 1
	[ "$(cd "$folder" && stat -c %s $names 2>&1)" = "$sizes" ] || return 1
	# The shell would take anything else for a script, and an empty one succeeds.
	{ [ "$(head -c 4 "$folder/deno")" = "$(printf '\177ELF')" ]; } 2>/dev/null
}

payload() {
	# It follows the last line of this script.
	tail -n +$(($(grep -a -n -m 1 '^exec ' "$0" | cut -d : -f 1) + 1)) "$0"
}

extract() {
	mkdir "$new/tree" && payload | tar -xzf - -C "$new/tree" && find "$new/tree" -exec sync {} +
}

# Moves the files into $folder one by one, as it may be damaged and in use.
place() {
	mkdir -p -m 700 "$folder" || return 1
	for name in $names; do
		case $name in */*) mkdir -p "$folder/${name%/*}" || return 1 ;; esac
		mv -fT "$new/tree/$name" "$folder/$name" || return 1
	done
	find "$folder" -type d -exec sync {} +
}

unpack() (
	umask 022
	try "make $cache" "$elsewhere" mkdir -p -m 700 "$cache"
	is_ours "$cache" ||
		fail "will not use $cache: it must be a folder of yours with mode 700; remove it"
	exec 8<"$cache"
	try "lock $cache" "$elsewhere" flock 8
	! ready || exit 0 # another start has unpacked it
	set +f
	for old in "$cache"/*; do
		# Other versions, unpacked more than a week ago or when the clock was wrong, and not running.
		[ ${#old} = ${#folder} ] && [ "$old" != "$folder" ] || continue
		[ "$(find "$old" -maxdepth 0 -type d \( -mtime +6 -o -mtime -0 \))" ] || continue
		flock -n "$old" rm -rf "$old" 2>/dev/null || true
	done
	set -f
	[ "$(payload | sha256sum)" = "$sha256  -" ] || fail "$0 is damaged: copy it again"
	why=$(mktemp -d "$cache/unpack.XXXXXX" 2>&1) || fail "cannot write to $cache: ${why##*: }; $elsewhere"
	new=$why
	trap 'rm -rf "$new"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	try "unpack into $cache" "$elsewhere" extract
	try "unpack into $folder" "remove $cache" place
)

# Remove what killed starts have left: whoever unpacks holds the lock.
set +f
for left in "$cache"/unpack.*; do
	[ ! -d "$left" ] || flock -n "$cache" rm -rf "$left" 2>/dev/null || true
done
set -f
ready || {
	unpack || exit
	ready || fail "what was unpacked into $folder is not what was packed; remove $cache"
}
[ -x "$folder/deno" ] ||
	fail "cannot run $folder/deno: its file system is mounted noexec; mount it with exec, or $elsewhere"
export IPFT_USER_LOCK=$lock DENO_DIR="$folder/cache" DENO_NO_UPDATE_CHECK=1
PATH=$user_path
exec "$folder/deno" run --quiet --no-prompt --cached-only @PERMISSIONS@ "$folder/main.js" "$@"
