"""Completion for bash, zsh and fish: a small script each, which asks `diagnose` itself what may come next.

So the scripts need not change with the commands, and names (services, rules, scenarios) are those of this host. click's
own scripts are not used: they differ from release to release, break bash words at the ":" of `pid:` and `comm:`, and
put names onto the command line unquoted.

The protocol: COMP_WORDS holds the words before the one at the cursor, a line each, COMP_CURRENT that one up to the
cursor (bash: COMP_LINE up to the cursor, and in BREAKS where it breaks words, ":" and "=" among them). The answer is a
line an item, "kind TAB value TAB help"; the kinds file and dir leave it to the shell.
"""

from __future__ import annotations

import os
import shlex
from typing import ClassVar

from click.shell_completion import CompletionItem, ShellComplete, add_completion_class, split_arg_string

_BASH = """\
_diagnose() {
    local kind value help line=${COMP_LINE:0:COMP_POINT}
    COMPREPLY=()
    while IFS=$'\\t' read -r kind value help; do
        case $kind in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(COMP_LINE=$line BREAKS=$COMP_WORDBREAKS %(variable)s=bash_complete "${1/#\\~/$HOME}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *: ]]; then compopt -o nospace; fi
}
complete -o nosort -F _diagnose diagnose
"""

_ZSH = """\
#compdef diagnose

_diagnose() {
    local kind value help
    local -a values shown
    while IFS=$'\\t' read -r kind value help; do
        case $kind in
            dir) _path_files -/ ;;
            file) _path_files ;;
            plain)
                # a prefix such as pid: is not a whole word: no space after it
                if [[ $value == *: ]]; then compadd -S '' -- "$value"; continue; fi
                values+=("$value")
                shown+=("$value${help:+  -- $help}")
                ;;
        esac
    done < <(COMP_WORDS="${(F)${(@Q)words[1,CURRENT-1]}}" COMP_CURRENT="${(Q)words[CURRENT]}" \\
        %(variable)s=zsh_complete ${(Q)~words[1]} 2>/dev/null)
    (( $#values )) && compadd -l -V diagnose -d shown -a values
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _diagnose "$@"
else
    compdef _diagnose diagnose
fi
"""

_FISH = """\
function __diagnose_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l current (commandline --current-token --cut-at-cursor)
    set -lx COMP_WORDS (string join \\n -- $words | string collect)
    set -lx COMP_CURRENT "$current"
    set -lx %(variable)s fish_complete
    for line in ($words[1] 2>/dev/null)
        set -l item (string split --max 2 \\t -- $line)
        switch $item[1]
            case dir
                __fish_complete_directories "$current"
            case file
                __fish_complete_path "$current"
            case plain
                printf '%%s\\t%%s\\n' $item[2] $item[3]
        end
    end
end
complete --command diagnose --no-files --keep-order --arguments '(__diagnose_complete)'
"""


class _Shell(ShellComplete):
    def get_completion_args(self) -> tuple[list[str], str]:
        return os.environ.get("COMP_WORDS", "").split("\n")[1:], os.environ.get("COMP_CURRENT", "")

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return the items; after `--option=`, with that before each value, as the shell replaces the whole word."""
        items = super().get_completions(args, incomplete)
        option, equals, _ = incomplete.partition("=")
        if equals and option.startswith("--"):
            items = [CompletionItem(f"{option}={i.value}", i.type, i.help) for i in items]
        return items

    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.type}\t{item.value}\t{' '.join((item.help or '').split())}"


class Bash(_Shell):
    """Values are quoted for the command line and begin where bash thinks that the word begins."""

    name: ClassVar[str] = "bash"
    source_template: ClassVar[str] = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ.get("COMP_LINE", "")
        words = split_arg_string(line)
        if not line or line[-1].isspace():
            words.append("")
        return words[1:-1], words[-1]

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        items = super().get_completions(args, incomplete)
        breaks = set(os.environ.get("BREAKS", "")) & set(":=")
        before = 1 + max((incomplete.rfind(character) for character in breaks), default=-1)
        rest = [(str(i.value)[before:], i) for i in items]
        return [CompletionItem(shlex.quote(value), i.type, i.help) for value, i in rest if value or i.type != "plain"]


class Zsh(_Shell):
    name: ClassVar[str] = "zsh"
    source_template: ClassVar[str] = _ZSH


class Fish(_Shell):
    name: ClassVar[str] = "fish"
    source_template: ClassVar[str] = _FISH


SHELLS: tuple[type[_Shell], ...] = (Bash, Zsh, Fish)


def register() -> None:
    """Have click answer the scripts below and not its own."""
    for shell in SHELLS:
        add_completion_class(shell)


def script(shell: type[_Shell], variable: str) -> str:
    """Return the script to be sourced by a shell; it finds the program by the word that was typed."""
    return shell.source_template % {"variable": variable}
