//! What the config file keeps.

use crate::cli::args::option::Opt;

pub const OPTIONS: &[Opt] = &[
    // Both are read before all others: presets.rs puts what they ask for in front.
    Opt::value("preset", "NAME", "Begin with the options of [preset.NAME] in the config file", |_, _| Ok(())).more(
        "Repeatable; what is typed comes after them, and so wins. The file is $XDG_CONFIG_HOME/gfetch/config.toml, or \
         ~/.config/gfetch/config.toml. A key is an option's long name: per-host = 2, location = true, header = [\"A: b\"]. \
         The options of [default] hold for every run; [host.\"*.example.org\"] has per-host, rate, max-time, connect-timeout, \
         retry, user-agent and header for these hosts alone.",
    ),
    Opt::flag("disable", "Without the config file's [default] and [host]", |_| ()).short('q'),
];
