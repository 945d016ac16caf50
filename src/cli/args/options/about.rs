//! What gfetch says of itself.

use crate::cli::args::generate::KINDS;
use crate::cli::args::option::Opt;

pub const OPTIONS: &[Opt] = &[
    // It is looked for before all others: generate::asked does what it says.
    Opt::value("generate", "KIND", "Print the man page, or completions for a shell", |_, v| v.one_of(KINDS).map(drop))
        .more(
            "man, complete-bash, complete-zsh, complete-fish, complete-powershell, complete-elvish: to standard output. \
             Nothing else is done, and no config file is read.",
        ),
];
