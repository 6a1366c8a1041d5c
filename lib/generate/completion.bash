# Completes ipft's command line in bash. Made by: ipft --gen completion-bash

_ipft() {
	local cur=${COMP_WORDS[COMP_CWORD]} command=ipft option="" offer="" i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == -- ]]; then
			_ipft_run $((i + 1))
			return
		fi
	done
	for ((i = 1; i < COMP_CWORD; i++)); do
		local word=${COMP_WORDS[i]}
		if [[ $word == = ]]; then
			continue # bash makes three words of --option=value
		elif [[ -n $option ]]; then
			option=""
		elif _ipft_offer "$command" "$word"; then
			option=$word
		elif [[ $command == ipft && " @COMMANDS@ " == *" $word "* ]]; then
			command=$word
		fi
	done
	[[ $cur == = ]] && cur=""
	[[ $cur == [\'\"]* ]] && cur=${cur:1}
	if [[ -n $option ]]; then
		_ipft_offer "$command" "$option"
		_ipft_value $offer
	elif [[ $cur != -* ]] && _ipft_offer "$command" ""; then
		_ipft_value $offer
	else
		_ipft_options "$command"
	fi
}

# _ipft_options COMMAND
_ipft_options() {
	local words
	case $1 in
@OPTIONS@
	esac
	_ipft_value words $words
}

# _ipft_offer COMMAND OPTION: sets $offer to what the option's value can be, or to that of COMMAND's
# argument where OPTION is empty. Fails where there is no value.
_ipft_offer() {
	case "$1 $2" in
@OFFERS@
	*) return 1 ;;
	esac
}

# _ipft_value OFFER...: completes $cur. A name in a regular expression may begin with ^.
_ipft_value() {
	local caret="" name=$cur suffix
	[[ $cur == ^* ]] && caret=^ name=${cur:1}
	case $1 in
	words) mapfile -t COMPREPLY < <(compgen -W "${*:2}" -- "$cur") ;;
	functions)
		# All of them are too many to show.
		[[ $name =~ ^[[:alnum:]_.]+$ ]] || return
		mapfile -t COMPREPLY < <(LC_ALL=C grep -o "^${name//./\\.}[^ ]*" @FUNCTIONS@ 2>/dev/null)
		COMPREPLY=("${COMPREPLY[@]/#/$caret}")
		;;
	modules)
		mapfile -t COMPREPLY < <(
			compgen -W "vmlinux $(cut -d ' ' -f 1 @MODULES@ 2>/dev/null)" -- "$name"
		)
		COMPREPLY=("${COMPREPLY[@]/#/$caret}")
		;;
	files)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(
			if (($# == 1)); then
				compgen -f -- "$cur"
			else
				compgen -d -- "$cur"
				for suffix in "${@:2}"; do compgen -f -X "!*$suffix" -- "$cur"; done
			fi
		)
		;;
	esac
}

# _ipft_run INDEX: completes the command that begins with this word, and is run by root.
_ipft_run() {
	local PATH=$PATH:/sbin:/usr/sbin:/usr/local/sbin
	if declare -F _comp_command_offset >/dev/null; then
		_comp_command_offset "$1" # bash-completion 2.12
	elif declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	elif ((COMP_CWORD == $1)); then
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
	else
		_ipft_value files
	fi
}

complete -F _ipft ipft
