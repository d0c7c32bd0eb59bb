"""`minigpt-tui completion SHELL`: prints a script that makes the shell complete our commands.

The script is small and knows no command: at each press of Tab it runs `minigpt-tui __complete`
with the words typed so far, and the answer is read off the same parser that will read the command.
So it never falls behind, and it offers the runs, presets and texts that there are.
"""

from __future__ import annotations

import argparse
import sys

from minigpt_tui.commands.exit_codes import OK

ASK = "__complete"
"""The first word of a question; not a command that help or errors name."""

# No word, typed or answered, is ever evaluated by the shell: a run may have any name.
SCRIPTS = {
    "bash": """\
# minigpt-tui completion for bash. Put this line into ~/.bashrc:
#   eval "$(minigpt-tui completion bash)"
_minigpt_tui() {
    local current="${COMP_WORDS[COMP_CWORD]}" value help file
    [ "$current" = "=" ] && current=""
    COMPREPLY=()
    type compopt >/dev/null 2>&1 && compopt +o default
    while IFS=$'\\t' read -r value help; do
        case "$value" in
            :files | :folders)
                type compopt >/dev/null 2>&1 && compopt -o filenames
                while IFS= read -r file; do COMPREPLY+=("$file"); done < <(
                    if [ "$value" = ":files" ]; then compgen -f -- "$current"
                    else compgen -d -- "$current"; fi)
                ;;
            *)  COMPREPLY+=("$(printf '%q' "$value")") ;;
        esac
    done < <(minigpt-tui __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    if [ "${#COMPREPLY[@]}" -eq 1 ] && [ "${COMPREPLY[0]%=}" != "${COMPREPLY[0]}" ]; then
        type compopt >/dev/null 2>&1 && compopt -o nospace
    fi
}
complete -o default -F _minigpt_tui minigpt-tui
""",
    "zsh": """\
#compdef minigpt-tui
# minigpt-tui completion for zsh. Put this line into ~/.zshrc, below compinit:
#   eval "$(minigpt-tui completion zsh)"
_minigpt_tui() {
    local line value
    local -a described unfinished
    for line in "${(@f)$(minigpt-tui __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
        value="${line%%$'\\t'*}"
        case "$value" in
            "") ;;
            :files) _files ;;
            :folders) _files -/ ;;
            *=) unfinished+=("$value") ;;
            *)
                if [[ "$line" == *$'\\t'* ]]; then
                    described+=("${value//:/\\\\:}:${line#*$'\\t'}")
                else
                    described+=("${value//:/\\\\:}")
                fi
                ;;
        esac
    done
    (( $#unfinished )) && compadd -S '' -a unfinished
    (( $#described )) && _describe 'minigpt-tui' described
}
if [ "$funcstack[1]" = "_minigpt-tui" ]; then
    _minigpt_tui "$@"
else
    compdef _minigpt_tui minigpt-tui
fi
""",
    "fish": """\
# minigpt-tui completion for fish. Write it once:
#   minigpt-tui completion fish > ~/.config/fish/completions/minigpt-tui.fish
function __minigpt_tui_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in (minigpt-tui __complete $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path "$current"
            case ':folders'
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end
complete -c minigpt-tui -f -a '(__minigpt_tui_complete)'
""",
}


def add_flags(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = (
        "Print a script for the shell. To have it in every new one:\n\n"
        '  bash  add to ~/.bashrc:  eval "$(minigpt-tui completion bash)"\n'
        '  zsh   add to ~/.zshrc, below compinit:  eval "$(minigpt-tui completion zsh)"\n'
        "  fish  minigpt-tui completion fish > ~/.config/fish/completions/minigpt-tui.fish"
    )
    parser.add_argument("shell", choices=list(SCRIPTS), help="the shell that is to complete")


def completion(arguments: argparse.Namespace) -> int:
    """Prints the script."""
    sys.stdout.write(SCRIPTS[arguments.shell])
    return OK


def answer(arguments: argparse.Namespace) -> int:
    """Prints what may stand in the place of the last word: `value`, a tab, its help; a line each.

    The lines `:files` and `:folders` ask the shell for names of the disk.
    """
    from minigpt_tui.commands.completing import complete

    for candidate in complete(arguments.parser, arguments.words):
        help = f"\t{candidate.help}" if candidate.help else ""
        sys.stdout.write(f"{candidate.value}{help}\n")
    return OK
