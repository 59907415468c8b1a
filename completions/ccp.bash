# SPDX-License-Identifier: GPL-3.0-or-later
# bash completion for ccp

# The ids of remembered conversations.
_ccp_sessions() {
	ccp session list 2>/dev/null | sed -n '2,$s/ .*//p'
}

# What may follow the command $1 (a verb, or nothing) if it is no option.
_ccp_commands() {
	case $1 in
	'') echo start config service session logs usage doctor test version \
	    help ;;
	config) echo set get list ls reset path help edit ;;
	service) echo install uninstall start stop restart status ;;
	session) echo list show clear prune ;;
	help) _ccp_commands '' ;;
	esac
}

_ccp_options() {
	case $1 in
	'') echo -h --help -v --version ;;
	config) echo --json --reveal ;;
	service) echo --json --replace --system --user ;;
	session) echo --json ;;
	logs) echo -f --follow -n --lines --json --level ;;
	usage) echo --by --csv --json --since ;;
	doctor) echo --json ;;
	test) echo --json -m --model ;;
	esac
	[ -z "$1" ] || echo --help
}

_ccp_keys() {
	echo API_KEY API_KEYS PORT HOST CORS_ORIGIN ALLOWED_HOSTS CLAUDE_PATH \
	    CLAUDE_WORKING_DIR ASK_WORKING_DIR ALLOWED_DIRS CLAUDE_MODE \
	    CLAUDE_PERMISSION_MODE CLAUDE_MAX_TURNS CLAUDE_MAX_PROCESSES \
	    CLAUDE_TIMEOUT_MS CLAUDE_IDLE_TIMEOUT_MS CLAUDE_LINGER_MS \
	    CLAUDE_MAX_WARM CLAUDE_SPARE SESSION_TTL_MS \
	    SESSION_FILE CLAUDE_ENV CLAUDE_UMASK SYSTEM_PROMPT_MODE \
	    DEFAULT_MODEL MODELS MAX_CONNECTIONS LOG_LEVEL LOG_FORMAT \
	    LOG_FILE LOG_MAX_SIZE LOG_MAX_FILES USAGE_LEDGER
}

# The values of a key, or of an option, that are known.
_ccp_values() {
	case $1 in
	ASK_WORKING_DIR) echo auto always never ;;
	CLAUDE_MODE) echo agent model ;;
	CLAUDE_PERMISSION_MODE) echo default plan acceptEdits dontAsk auto \
	    bypassPermissions ;;
	CLAUDE_SPARE) echo auto 0 1 ;;
	CLAUDE_UMASK) echo 077 027 022 007 002 ;;
	SYSTEM_PROMPT_MODE) echo replace append ;;
	LOG_LEVEL | --level) echo error warn info debug ;;
	USAGE_LEDGER) echo on off ;;
	LOG_FORMAT) echo text json ;;
	DEFAULT_MODEL | -m | --model) echo sonnet opus haiku ;;
	--by) echo day model key ;;
	esac
}

# The arguments of a sub-command; args: those that are there already.
_ccp_arguments() {
	case $1 in
	'config set')
		if [ $((${#args[@]} % 2)) -eq 0 ]; then
			_ccp_keys
		else
			_ccp_values "${args[${#args[@]} - 1]}"
		fi
		;;
	'config get' | 'config reset' | 'config help') _ccp_keys ;;
	'session show' | 'session clear') _ccp_sessions ;;
	esac
}

_ccp() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local verb='' sub='' words word i
	local -a args=()

	[ "$COMP_CWORD" -lt 2 ] || verb=${COMP_WORDS[1]}
	for ((i = 2; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) ;;
		*) if [ -z "$sub" ]; then
			sub=${COMP_WORDS[i]}
		else
			args+=("${COMP_WORDS[i]}")
		fi ;;
		esac
	done
	case $prev in
	--by | --level | -m | --model) words=$(_ccp_values "$prev") ;;
	--user) words=$(compgen -u) ;;
	--since | -n | --lines) words='' ;;
	*)
		if [[ $cur == -* ]]; then
			words=$(_ccp_options "$verb")
		elif [ -z "$sub" ]; then
			words=$(_ccp_commands "$verb")
		else
			words=$(_ccp_arguments "$verb $sub")
		fi
		;;
	esac
	COMPREPLY=()
	while read -r word; do
		COMPREPLY+=("$word")
	done < <(compgen -W "$words" -- "$cur")
}

# Files where nothing is known, as for LOG_FILE.
complete -o default -F _ccp ccp
