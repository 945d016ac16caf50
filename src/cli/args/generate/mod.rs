//! `--generate`: the man page, and completions for shells, made from the table of options.

mod completions;
mod man;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, ValueHint};
use clap_complete::Shell;

use super::lex::{Seen, definition};
use super::option::{Opt, Shown, Value};
use super::options::GROUPS;
use super::usage::UsageError;
use super::{apply, help, subcommands};

/// What can be generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Man,
    Complete(Shell),
}

/// What `--generate` takes.
pub const KINDS: &[(&str, Kind)] = &[
    ("man", Kind::Man),
    ("complete-bash", Kind::Complete(Shell::Bash)),
    ("complete-zsh", Kind::Complete(Shell::Zsh)),
    ("complete-fish", Kind::Complete(Shell::Fish)),
    ("complete-powershell", Kind::Complete(Shell::PowerShell)),
    ("complete-elvish", Kind::Complete(Shell::Elvish)),
];

/// What is asked for, if anything: the last `--generate`.
pub fn asked(seen: &[Seen]) -> Option<Result<Kind, UsageError>> {
    let last = seen.iter().rev().find(|one| matches!(one, Seen::Value(opt, _) if opt.long == "generate"))?;
    let Seen::Value(_, value) = last else { return None };
    // A kind that is none is refused in the words of all other options.
    let told = apply::typed(vec![last.clone()]).err();
    Some(Value(value).one_of(KINDS).map_err(|_| told.unwrap_or_else(|| UsageError::new("--generate"))))
}

/// The text for standard output.
pub fn text(kind: Kind) -> String {
    match kind {
        Kind::Man => man::page(),
        Kind::Complete(shell) => completions::script(shell),
    }
}

/// The command as it is told: without what is hidden, with the words that values are one of.
fn told() -> Command {
    let url = Arg::new("URL").action(ArgAction::Append).num_args(0..).value_hint(ValueHint::Url);
    let mut command = help::frame(Command::new("gfetch")).arg(url.help("What to fetch; globs as in curl"));
    for group in GROUPS {
        for opt in group.options.iter().filter(|opt| opt.shown != Shown::Never) {
            command = command.arg(with_values(definition(opt).help_heading(group.heading), opt));
        }
    }
    command
}

fn with_values(arg: Arg, opt: &Opt) -> Arg {
    let Some(value) = opt.value else { return arg };
    let mut choices = opt.choices();
    // PEM and pem are the same.
    let all = choices.clone();
    choices.retain(|word| !all.iter().any(|other| other < word && other.eq_ignore_ascii_case(word)));
    match choices.is_empty() {
        true => arg.value_hint(hint(value)),
        false => arg.value_parser(PossibleValuesParser::new(choices)).hide_possible_values(true),
    }
}

/// What the name of a value says of it.
fn hint(value: &str) -> ValueHint {
    let is_file = |part: &str| ["FILE", "PATH", "TEMPLATE"].iter().any(|name| part.starts_with(name));
    match value {
        "DIR" => ValueHint::DirPath,
        "URL" => ValueHint::Url,
        _ if value.split('|').any(is_file) => ValueHint::FilePath,
        _ => ValueHint::Other,
    }
}

/// `demo` and `serve`.
fn words() -> [Command; 2] {
    [subcommands::demo_command(), subcommands::serve_command()]
}

#[cfg(test)]
mod tests;
