function __diagnose_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l current (commandline --current-token --cut-at-cursor)
    set -lx COMP_WORDS (string join \n -- $words | string collect)
    set -lx COMP_CURRENT "$current"
    set -lx _DIAGNOSE_COMPLETE fish_complete
    for line in ($words[1] 2>/dev/null)
        set -l item (string split --max 2 \t -- $line)
        switch $item[1]
            case dir
                __fish_complete_directories "$current"
            case file
                __fish_complete_path "$current"
            case plain
                printf '%s\t%s\n' $item[2] $item[3]
        end
    end
end
complete --command diagnose --no-files --keep-order --arguments '(__diagnose_complete)'
