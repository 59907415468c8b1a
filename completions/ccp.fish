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

function __ccp_sessions
    ccp session list 2>/dev/null | sed -n '2,$s/ .*//p'
end

complete -c ccp -f
complete -c ccp -n '__ccp_behind' -s h -l help -d 'Print the commands'
complete -c ccp -n '__ccp_behind' -s v -l version -d 'Print the version'
complete -c ccp -n 'not __ccp_behind' -l help -d 'Print all that it takes'

complete -c ccp -n '__ccp_behind' -a start -d 'Serve in the foreground'
complete -c ccp -n '__ccp_behind' -a session -d 'Remembered conversations'
complete -c ccp -n '__ccp_behind' -a version -d 'Print the version'
complete -c ccp -n '__ccp_behind' -a help -d 'Print the commands, or more of one'

complete -c ccp -n '__ccp_behind session' -a 'list show clear prune'
complete -c ccp -n '__ccp_behind session show; or __ccp_behind session clear' -a '(__ccp_sessions)'
complete -c ccp -n '__ccp_verb session' -l json -d 'Print JSON'

complete -c ccp -n '__ccp_behind help' -a 'start session version help'
