//! Secrets stay home: which header fields are secret, and how they are shown.

use gfetch::http::fields::{CREDENTIALS, Fields};

/// What stands in the place of a secret.
pub const REDACTED: &str = "***";

/// Whether a header field typed with `-H` is a secret: with a list it needs `--auth-host`. `extra` are the names that
/// `--secret-header` gave.
pub fn is_secret_header(name: &str, extra: &[String]) -> bool {
    CREDENTIALS.iter().any(|known| known.eq_ignore_ascii_case(name)) || is_named(name, extra)
}

/// The value of a header field as it may be shown in `-v`, records and pages (without `--show-secrets`).
pub fn redact_header<'a>(name: &str, value: &'a str, extra: &[String]) -> &'a str {
    if Fields::is_secret(name) || is_named(name, extra) { REDACTED } else { value }
}

fn is_named(name: &str, names: &[String]) -> bool {
    names.iter().any(|other| other.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contracts_names_are_secret_in_any_case() {
        for name in ["Authorization", "COOKIE", "x-api-key", "X-Auth-Token"] {
            assert!(is_secret_header(name, &[]), "{name}");
        }
        for name in ["Accept", "X-Api-Keys", "", "Set-Cookie", "X-Mine"] {
            assert!(!is_secret_header(name, &[]), "{name}");
        }
        assert!(is_secret_header("x-mine", &["X-Mine".into()]));
    }

    #[test]
    fn what_is_secret_and_what_a_peer_set_is_not_shown() {
        let mine = ["X-Mine".to_owned()];
        for name in
            "Authorization Proxy-Authorization Cookie set-cookie X-Api-Key X-Auth-Token X-MINE Authentication-Info"
                .split(' ')
        {
            assert_eq!(redact_header(name, "hunter2", &mine), "***", "{name}");
        }
        assert_eq!(redact_header("Accept", "*/*", &mine), "*/*");
        assert_eq!(redact_header("X-Mine", "shown", &[]), "shown");
    }
}
