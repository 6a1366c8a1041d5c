# Completes ipft's command line in fish. Made by: ipft --gen completion-fish

# What the word at the cursor belongs to: ipft itself, one of its commands, or -- for what it runs.
function __ipft_is
    set -l command ipft
    set -l takes_value
    set -l words (commandline -opc)
    set -e words[1]
    if contains -- -- $words
        test $argv[1] = --
        return
    end
    for word in $words
        if set -q takes_value[1]
            set -e takes_value
        else if contains -- "$command $word" @VALUED@
            set takes_value yes
        else if test $command = ipft; and contains -- $word @COMMANDS@
            set command $word
        end
    end
    test $argv[1] = $command
end

# The value at the cursor, without its option and quote.
function __ipft_value
    commandline -ct | string replace -r -- '^(--[^=]*=|-[a-z])?[\'"]?' ''
end

# The functions whose names begin as what is typed. All of them are too many to show.
function __ipft_functions
    set -l parts (__ipft_value | string match -r -- '^(\^?)([[:alnum:]_.]+)$')
    or return
    set -l name (string replace -a . '\.' -- $parts[3])
    set -lx LC_ALL C
    grep -o "^$name"'[^ ]*' @FUNCTIONS@ 2>/dev/null | string replace -r '^' -- $parts[2]
end

function __ipft_modules
    set -l caret (__ipft_value | string match -r -- '^\^'; or echo)
    printf "$caret%s\n" vmlinux (cut -d ' ' -f 1 @MODULES@ 2>/dev/null)
end

# The folders, and the files whose names end so.
function __ipft_files
    set -l ends (string escape --style=regex -- $argv | string join '|')
    complete -C "'' "(__ipft_value) | string match -er -- "^[^\t]*(?:/|$ends)(?:\t|\$)"
end

# The command behind --, which is run by root.
function __ipft_run
    set -l words (commandline -opc)
    set -lx -a PATH /sbin /usr/sbin /usr/local/sbin
    set -l end (contains -i -- -- $words)
    set -e words[1..$end]
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct | string collect -a))
end

complete -c ipft -f
complete -c ipft -n '__ipft_is --' -a '(__ipft_run)'
@COMPLETIONS@
