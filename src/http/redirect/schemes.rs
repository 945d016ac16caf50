//! Which schemes a redirect may lead to, and curl's way of writing that (`--proto-redir`).

use crate::http::origin::Scheme;

/// Which schemes a redirect may lead to; both unless something else is said.
///
/// ```
/// use gfetch::http::{origin::Scheme, redirect::Schemes};
/// let no_way_back = Schemes::parse("=https").unwrap();
/// assert!(no_way_back.allow(Scheme::Https) && !no_way_back.allow(Scheme::Http));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schemes {
    http: bool,
    https: bool,
}

/// What curl knows beside the two, and gfetch never follows: allowing or denying it changes nothing.
const CURLS_OTHERS: [&str; 27] = [
    "dict", "file", "ftp", "ftps", "gopher", "gophers", "imap", "imaps", "ldap", "ldaps", "mqtt", "mqtts", "pop3",
    "pop3s", "rtmp", "rtmps", "rtsp", "scp", "sftp", "smb", "smbs", "smtp", "smtps", "telnet", "tftp", "ws", "wss",
];

impl Schemes {
    /// Both.
    pub const ALL: Schemes = Schemes { http: true, https: true };

    /// Only `https`: a redirect from there to `http` is refused, and so is any other to it.
    pub const ONLY_HTTPS: Schemes = Schemes { http: false, https: true };

    /// What curl's `--proto-redir` takes: protocols between commas, each with `+` (allowed too; the same without a sign),
    /// `-` (not allowed) or `=` (only this one, of what was said so far); `all` is all of them. It begins with all
    /// allowed. Names are compared without case.
    ///
    /// # Errors
    /// The part that says nothing: curl warns of a protocol that it does not know, here it is an error.
    pub fn parse(text: &str) -> Result<Schemes, &str> {
        text.split(',').filter(|part| !part.is_empty()).try_fold(Schemes::ALL, |allowed, part| {
            let name = part.trim_start_matches(['+', '-', '=']);
            // As in curl, the last of several signs counts.
            let sign = part[..part.len() - name.len()].chars().last().unwrap_or('+');
            let named = Schemes::named(name).ok_or(part)?;
            Ok(match sign {
                '=' => named,
                '-' => Schemes { http: allowed.http && !named.http, https: allowed.https && !named.https },
                _ => Schemes { http: allowed.http || named.http, https: allowed.https || named.https },
            })
        })
    }

    /// Whether a redirect may lead there.
    pub fn allow(self, scheme: Scheme) -> bool {
        match scheme {
            Scheme::Http => self.http,
            Scheme::Https => self.https,
        }
    }

    fn named(name: &str) -> Option<Schemes> {
        let name = name.to_ascii_lowercase();
        match &*name {
            "all" => Some(Schemes::ALL),
            "http" => Some(Schemes { http: true, https: false }),
            "https" => Some(Schemes::ONLY_HTTPS),
            other => CURLS_OTHERS.contains(&other).then_some(Schemes { http: false, https: false }),
        }
    }
}

impl Default for Schemes {
    fn default() -> Schemes {
        Schemes::ALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(text: &str) -> Option<(bool, bool)> {
        Schemes::parse(text).ok().map(|schemes| (schemes.http, schemes.https))
    }

    #[test]
    fn signs_are_read_as_in_curl() {
        for (text, http, https) in [
            ("", true, true),
            ("http", true, true),
            ("=https", false, true),
            ("=http", true, false),
            ("-http", false, true),
            ("-all", false, false),
            ("-all,https", false, true),
            ("-all,+https,+http", true, true),
            ("=https,http", true, true),
            ("=HTTPS", false, true),
            ("=ftp", false, false),
            ("-ftp,-file", true, true),
            ("=http,-http", false, false),
            ("=all,-http", false, true),
            ("+-http", false, true),
            (",=https,", false, true),
        ] {
            assert_eq!(allowed(text), Some((http, https)), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_protocol_is_named() {
        for (text, part) in [("htp", "htp"), ("http,*ftp", "*ftp"), ("=", "="), ("http, https", " https"), ("=ü", "=ü")]
        {
            assert_eq!(Schemes::parse(text), Err(part));
        }
    }
}
