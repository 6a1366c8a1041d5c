#compdef ipft
# Completes ipft's command line in zsh. Made by: ipft --gen completion-zsh

_ipft() {
	local curcontext=$curcontext state line
	local -A opt_args
	local -i end=${words[(ie)--]}
	if ((end < CURRENT)); then
		# What is run is run by root.
		local PATH=$PATH:/sbin:/usr/sbin:/usr/local/sbin
		shift end words
		((CURRENT -= end))
		_normal
		return
	fi
@COMMANDS@
}

# The functions whose names begin as what is typed. All of them are too many to show.
_ipft_functions() {
	local -a names expl
	compset -P '\^'
	[[ $PREFIX == [[:alnum:]_.]## ]] || return 1
	names=(${(f)"$(LC_ALL=C grep -o "^${PREFIX//./\\.}[^ ]*" @FUNCTIONS@ 2>/dev/null)"})
	_wanted functions expl 'function of the kernel' compadd "$@" -a names
}

_ipft_modules() {
	local -a names expl
	compset -P '\^'
	names=(vmlinux ${(f)"$(cut -d ' ' -f 1 @MODULES@ 2>/dev/null)"})
	_wanted modules expl 'kernel module' compadd "$@" -a names
}

_ipft "$@"
