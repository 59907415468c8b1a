# SPDX-License-Identifier: GPL-3.0-or-later
# fish completion for ccp

# The words behind ccp that are no options.
function __ccp_words
    set -l words (commandline -opc)
    string match -v -- '-*' $words[2..]
end

# Is the next word the one behind these?
function __ccp_behind
    test "$(__ccp_words)" = "$argv"
end

# Is it any behind the verb?
function __ccp_verb
    set -l words (__ccp_words)
    test "$words[1]" = "$argv[1]"
end

function __ccp_setting
    set -l words (__ccp_words)
    test "$words[1] $words[2]" = 'config set'
end

function __ccp_sessions
    ccp session list 2>/dev/null | sed -n '2,$s/ .*//p'
end

function __ccp_keys
    string split ' ' 'API_KEY API_KEYS PORT HOST CORS_ORIGIN ALLOWED_HOSTS CLAUDE_PATH CLAUDE_WORKING_DIR ASK_WORKING_DIR ALLOWED_DIRS CLAUDE_MODE CLAUDE_PERMISSION_MODE CLAUDE_MAX_TURNS CLAUDE_MAX_PROCESSES CLAUDE_TIMEOUT_MS CLAUDE_IDLE_TIMEOUT_MS CLAUDE_LINGER_MS CLAUDE_MAX_WARM CLAUDE_SPARE SESSION_TTL_MS SESSION_FILE CLAUDE_ENV CLAUDE_UMASK SYSTEM_PROMPT_MODE DEFAULT_MODEL MODELS MAX_CONNECTIONS LOG_LEVEL LOG_FORMAT LOG_FILE LOG_MAX_SIZE LOG_MAX_FILES USAGE_LEDGER'
end

# The next word behind "config set": a key, or a value of the one before.
function __ccp_set
    set -l words (__ccp_words)
    if test (math (count $words) % 2) -eq 0
        __ccp_keys
        return
    end
    switch $words[-1]
        case ASK_WORKING_DIR
            string split ' ' 'auto always never'
        case CLAUDE_MODE
            string split ' ' 'agent model'
        case CLAUDE_PERMISSION_MODE
            string split ' ' 'default plan acceptEdits dontAsk auto bypassPermissions'
        case CLAUDE_SPARE
            string split ' ' 'auto 0 1'
        case CLAUDE_UMASK
            string split ' ' '077 027 022 007 002'
        case SYSTEM_PROMPT_MODE
            string split ' ' 'replace append'
        case USAGE_LEDGER
            string split ' ' 'on off'
        case LOG_LEVEL
            string split ' ' 'error warn info debug'
        case LOG_FORMAT
            string split ' ' 'text json'
        case DEFAULT_MODEL
            string split ' ' 'sonnet opus haiku'
        case '*'
            __fish_complete_path (commandline -ct)
    end
end

complete -c ccp -f
complete -c ccp -n '__ccp_behind' -s h -l help -d 'Print the commands'
complete -c ccp -n '__ccp_behind' -s v -l version -d 'Print the version'
complete -c ccp -n 'not __ccp_behind' -l help -d 'Print all that it takes'

complete -c ccp -n '__ccp_behind' -a start -d 'Serve in the foreground'
complete -c ccp -n '__ccp_behind' -a config -d 'See and change the configuration'
complete -c ccp -n '__ccp_behind' -a service -d 'Run as a service of your own'
complete -c ccp -n '__ccp_behind' -a session -d 'Remembered conversations'
complete -c ccp -n '__ccp_behind' -a logs -d 'What was logged'
complete -c ccp -n '__ccp_behind' -a usage -d 'Requests, tokens and cost'
complete -c ccp -n '__ccp_behind' -a doctor -d 'Look for what is wrong'
complete -c ccp -n '__ccp_behind' -a test -d 'One real completion'
complete -c ccp -n '__ccp_behind' -a version -d 'Print the version'
complete -c ccp -n '__ccp_behind' -a help -d 'Print the commands, or more of one'

complete -c ccp -n '__ccp_behind config' -a 'set get list ls reset path help edit'
complete -c ccp -n '__ccp_setting' -a '(__ccp_set)'
complete -c ccp -n '__ccp_behind config get; or __ccp_behind config reset; or __ccp_behind config help' -a '(__ccp_keys)'
complete -c ccp -n '__ccp_verb config' -l json -d 'Print JSON'
complete -c ccp -n '__ccp_verb config' -l reveal -d 'Keys in clear'

complete -c ccp -n '__ccp_behind service' -a 'install uninstall start stop restart status'
complete -c ccp -n '__ccp_verb service' -l json -d 'Print JSON'
complete -c ccp -n '__ccp_verb service' -l replace -d 'Over units that are there'
complete -c ccp -n '__ccp_verb service' -l system -d 'Units of the system'
complete -c ccp -n '__ccp_verb service' -l user -x -a '(__fish_complete_users)' -d 'Who they run as'

complete -c ccp -n '__ccp_behind session' -a 'list show clear prune'
complete -c ccp -n '__ccp_behind session show; or __ccp_behind session clear' -a '(__ccp_sessions)'
complete -c ccp -n '__ccp_verb session' -l json -d 'Print JSON'

complete -c ccp -n '__ccp_verb logs' -s f -l follow -d 'Go on as lines come'
complete -c ccp -n '__ccp_verb logs' -s n -l lines -x -d 'So many lines'
complete -c ccp -n '__ccp_verb logs' -l json -d 'Print JSON'
complete -c ccp -n '__ccp_verb logs' -l level -x -a 'error warn info debug' -d 'The least important'

complete -c ccp -n '__ccp_verb usage' -l by -x -a 'day model key' -d 'What is added up'
complete -c ccp -n '__ccp_verb usage' -l csv -d 'Print CSV'
complete -c ccp -n '__ccp_verb usage' -l json -d 'Print JSON'
complete -c ccp -n '__ccp_verb usage' -l since -x -d 'From when on'

complete -c ccp -n '__ccp_verb doctor' -l json -d 'Print JSON'

complete -c ccp -n '__ccp_verb test' -l json -d 'Print JSON'
complete -c ccp -n '__ccp_verb test' -s m -l model -x -a 'sonnet opus haiku' -d 'Whom to ask'

complete -c ccp -n '__ccp_behind help' -a 'start config service session logs usage doctor test version help'
