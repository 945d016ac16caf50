//! Every option, by the headings of the help.

mod about;
mod config;
mod connection;
mod input;
mod output;
mod request;
mod run;
mod saving;
mod secrets;

pub use secrets::NO_PASSWORD;

use super::option::Opt;

/// A heading of the help.
pub struct Group {
    /// None: not in the help.
    pub heading: Option<&'static str>,
    /// A line that shows these options at work.
    pub example: &'static str,
    pub options: &'static [Opt],
}

/// In the order of the help.
pub const GROUPS: &[Group] = &[
    Group {
        heading: Some("Input"),
        example: "grep -v test urls.txt | gfetch -i - --format json",
        options: input::OPTIONS,
    },
    Group {
        heading: Some("How it runs"),
        example: "gfetch -i urls.txt -j 200 --per-host 20 --rate 50/s -m 15",
        options: run::SPEED,
    },
    Group {
        heading: Some("Failures and retries"),
        example: "gfetch -i urls.txt --retry 3 --retry-max-time 60 --save-failed again.txt",
        options: run::FAILURES,
    },
    Group {
        heading: Some("Request"),
        example: "gfetch -d @order.json -H 'Content-Type: application/json' https://api.example/orders",
        options: request::OPTIONS,
    },
    Group {
        heading: Some("Secrets"),
        example: "gfetch -i urls.txt -u me:secret --auth-host '*.corp.example'",
        options: secrets::OPTIONS,
    },
    Group {
        heading: Some("Connection"),
        example: "gfetch --cacert ca.pem --resolve api.example:443:127.0.0.1 https://api.example/",
        options: connection::OPTIONS,
    },
    Group {
        heading: Some("Bodies"),
        example: "gfetch -i urls.txt -o '{index}-{host}.{ext}' --output-dir pages --create-dirs",
        options: saving::OPTIONS,
    },
    Group {
        heading: Some("Report"),
        example: "gfetch -i urls.txt --format json > records.ndjson",
        options: output::OPTIONS,
    },
    Group { heading: Some("Config file"), example: "gfetch --preset polite -i urls.txt", options: config::OPTIONS },
    Group {
        heading: Some("About gfetch"),
        example: "gfetch --generate complete-bash > ~/.local/share/bash-completion/completions/gfetch",
        options: about::OPTIONS,
    },
    Group { heading: None, example: "", options: output::ALREADY_SO },
];

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Opt> {
    GROUPS.iter().flat_map(|group| group.options)
}
