//! Completions by clap_complete, with one thing put right for the shells that it sends elsewhere: after a URL there may be
//! more options, because `demo` and `serve` are words of their own only in the first place.

use clap::{Arg, Command};
use clap_complete::Shell;

use super::{told, words};

/// The script that a shell loads.
pub fn script(shell: Shell) -> String {
    match shell {
        Shell::Zsh => zsh(),
        Shell::Fish => fish(),
        Shell::Elvish => {
            let first_only = ("if (str:has-prefix $word '-') {", "if (not (has-value [demo serve] $word)) {");
            whole(shell).replacen(first_only.0, first_only.1, 1)
        }
        Shell::PowerShell => {
            let first_only = ("$element.Value.StartsWith('-') -or", "$element.Value -notin 'demo', 'serve' -or");
            whole(shell).replacen(first_only.0, first_only.1, 1)
        }
        _ => whole(shell),
    }
}

fn whole(shell: Shell) -> String {
    generated(shell, told().subcommands(words()).disable_help_subcommand(true), "gfetch")
}

fn generated(shell: Shell, command: Command, name: &str) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command.mut_args(plain), name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// zsh reads colons and brackets in a value's name as its own.
fn plain(arg: Arg) -> Arg {
    let is_odd = |c: char| !c.is_ascii_alphanumeric();
    let name = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
    if !name.contains(is_odd) {
        return arg;
    }
    let parts: Vec<&str> = name.split(is_odd).filter(|part| !part.is_empty()).collect();
    // clap keeps names for the life of the process, which ends with this.
    arg.value_name(&*parts.join(" ").leak())
}

const ZSH: &str = r#"#compdef gfetch

autoload -U is-at-least

_gfetch() {
    if (( CURRENT > 2 )) && [[ $words[2] == (WORDS) ]]; then
        local word=$words[2]
        shift words
        (( CURRENT-- ))
        _gfetch_$word
        return
    fi
    local ret=1
    if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
        local -a gfetch_words=(ABOUTS)
        _describe -t commands 'gfetch word' gfetch_words && ret=0
    fi
    _gfetch_options && ret=0
    return ret
}
"#;

/// A function for each of the words, and one for all else; `_gfetch` says which.
fn zsh() -> String {
    let names: Vec<String> = words().iter().map(|word| word.get_name().to_owned()).collect();
    let abouts: Vec<String> = words().iter().map(|word| format!("'{}:{}'", word.get_name(), about(word))).collect();
    let mut script = ZSH.replace("WORDS", &names.join("|")).replace("ABOUTS", &abouts.join(" "));
    script += &zsh_function(told(), "gfetch_options");
    for word in words() {
        let name = format!("gfetch_{}", word.get_name());
        script += &zsh_function(word, &name);
    }
    script
        + "\nif [ \"$funcstack[1]\" = \"_gfetch\" ]; then\n    _gfetch \"$@\"\nelse\n    compdef _gfetch gfetch\nfi\n"
}

/// The function alone: without the head that names the command, and the end that calls or registers it.
fn zsh_function(command: Command, name: &str) -> String {
    let script = generated(Shell::Zsh, command, name);
    let start = script.find(&format!("_{name}() {{")).unwrap_or_default();
    let end = script.rfind("if [ \"$funcstack[1]\"").unwrap_or(script.len());
    // With two colons no option would be offered after the first URL.
    format!("\n{}\n", script[start..end].trim_end()).replace("'*::URL", "'*:URL")
}

const FISH: &str = r#"# The first word after the command, where it is one of these.
function __fish_gfetch_word
    set -l typed (commandline -opc)
    test (count $typed) -gt 1; and contains -- $typed[2] $argv
end

"#;

/// All options but behind the words, and the words' own behind them.
fn fish() -> String {
    let names: Vec<String> = words().iter().map(|word| word.get_name().to_owned()).collect();
    let mut script = String::from(FISH);
    script += &fish_lines(told(), &format!("not __fish_gfetch_word {}", names.join(" ")));
    for word in words() {
        let first = "test (count (commandline -opc)) -eq 1";
        script += &format!("complete -c gfetch -n \"{first}\" -a {} -d '{}'\n", word.get_name(), about(&word));
        let name = word.get_name().to_owned();
        script += &fish_lines(word, &format!("__fish_gfetch_word {name}"));
    }
    script
}

fn fish_lines(command: Command, condition: &str) -> String {
    generated(Shell::Fish, command, "gfetch")
        .replace("complete -c gfetch", &format!("complete -c gfetch -n \"{condition}\""))
}

/// In single quotes, and before a colon's list.
fn about(word: &Command) -> String {
    word.get_about().map(ToString::to_string).unwrap_or_default().replace(['\'', ':'], "")
}
