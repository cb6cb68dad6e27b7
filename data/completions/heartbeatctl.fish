# Completion of heartbeatctl in fish. SPDX-License-Identifier: MIT
#
# What there is to complete comes from the program itself (`heartbeatctl complete`): a word, a tab, what it means, as fish
# has it. So this needs no change with it.

# The options before the cursor that say which agent, so that its checks are offered.
function __heartbeatctl_agent
    string match -rg -- '--agent[= ](\S+)' (string join ' ' -- (commandline -opc)) | tail -n 1 | string replace -r '^' -- '--agent='
end

# The words before the cursor that are neither options nor their values.
function __heartbeatctl_arguments
    set -l words (commandline -opc)
    set -l valued (heartbeatctl complete options 2>/dev/null | string replace -rf '^(\S+)=\t.*' '$1')
    set -l pending 0
    for word in $words[2..-1]
        if test $pending = 1
            set pending 0
        else if contains -- $word $valued
            set pending 1
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

function __heartbeatctl_words
    set -l arguments (__heartbeatctl_arguments)
    if test (count $arguments) = 0
        heartbeatctl complete commands 2>/dev/null
        return
    end
    switch (heartbeatctl complete argument $arguments[1] 2>/dev/null)
        case checks
            test (count $arguments) = 1; and heartbeatctl (__heartbeatctl_agent) complete checks 2>/dev/null
        case files
            __fish_complete_path (commandline -ct)
    end
end

# Whether the command that was typed, if any, takes an option.
function __heartbeatctl_takes
    set -l arguments (__heartbeatctl_arguments)
    heartbeatctl complete options $arguments[1] 2>/dev/null | string match -rq -- "^--$argv[1]=?\t"
end

complete -c heartbeatctl -f -a '(__heartbeatctl_words)'
for line in (heartbeatctl complete options 2>/dev/null)
    set -l parts (string split -m 1 \t -- $line)
    set -l name (string replace -r '^--(.*?)=?$' '$1' -- $parts[1])
    set -l condition "__heartbeatctl_takes $name"
    switch $parts[1]
        case --agent=
            complete -c heartbeatctl -n $condition -l $name -x -a '(heartbeatctl complete agents 2>/dev/null)' -d $parts[2]
        case --queue-type=
            complete -c heartbeatctl -n $condition -l $name -x -a 'classic quorum' -d $parts[2]
        case --config=
            complete -c heartbeatctl -n $condition -l $name -r -F -d $parts[2]
        case '*='
            complete -c heartbeatctl -n $condition -l $name -x -d $parts[2]
        case '*'
            complete -c heartbeatctl -n $condition -l $name -d $parts[2]
    end
end
