# SPDX-License-Identifier: GPL-3.0-or-later
# bash completion for ccp

# The ids of remembered conversations.
_ccp_sessions() {
	ccp session list 2>/dev/null | sed -n '2,$s/ .*//p'
}

# What may follow the command $1 (a verb, or nothing) if it is no option.
_ccp_commands() {
	case $1 in
	'') echo start session version help ;;
	session) echo list show clear prune ;;
	help) _ccp_commands '' ;;
	esac
}

_ccp_options() {
	case $1 in
	'') echo -h --help -v --version ;;
	session) echo --json ;;
	esac
	[ -z "$1" ] || echo --help
}

# The arguments of a sub-command.
_ccp_arguments() {
	case $1 in
	'session show' | 'session clear') _ccp_sessions ;;
	esac
}

_ccp() {
	local cur=${COMP_WORDS[COMP_CWORD]}
	local verb='' sub='' words word i

	[ "$COMP_CWORD" -lt 2 ] || verb=${COMP_WORDS[1]}
	for ((i = 2; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) ;;
		*) sub=${sub:-${COMP_WORDS[i]}} ;;
		esac
	done
	if [[ $cur == -* ]]; then
		words=$(_ccp_options "$verb")
	elif [ -z "$sub" ]; then
		words=$(_ccp_commands "$verb")
	else
		words=$(_ccp_arguments "$verb $sub")
	fi
	COMPREPLY=()
	while read -r word; do
		COMPREPLY+=("$word")
	done < <(compgen -W "$words" -- "$cur")
}

# Files where nothing is known, as for LOG_FILE.
complete -o default -F _ccp ccp
