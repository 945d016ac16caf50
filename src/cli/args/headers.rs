//! `-H`: header lines as curl takes them.

use gfetch::http::given::{self, Refused};

/// What `-H` takes.
pub const TAKES: &str = "'Name: value', 'Name:' (removes it), 'Name;' (sends it empty) or @FILE";

/// A header line. `None` as its value removes the field that would be sent otherwise.
pub type Line = (String, Option<String>);

/// Why a line was not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum Bad {
    /// It is no header line.
    NoLine,
    /// No request may have it.
    Refused(Refused),
    /// It takes away the one field that each request has to have (RFC 9112 section 3.2).
    NoHost,
}

/// Reads one line. The value is taken without the white space around it.
pub fn parse(line: &str) -> Result<Line, Bad> {
    let (name, value) = match (line.split_once(':'), line.split_once(';')) {
        (Some((name, value)), _) => match value.trim_matches([' ', '\t']) {
            "" => (name, None),
            value => (name, Some(value)),
        },
        (None, Some((name, rest))) if rest.trim_matches([' ', '\t']).is_empty() => (name, Some("")),
        _ => return Err(Bad::NoLine),
    };
    given::check_field(name, value.unwrap_or_default()).map_err(|refused| match refused {
        Refused::Name => Bad::NoLine,
        refused => Bad::Refused(refused),
    })?;
    if value.is_none() && name.eq_ignore_ascii_case("host") {
        return Err(Bad::NoHost);
    }
    Ok((name.into(), value.map(Into::into)))
}

/// The lines of a file; empty ones are passed over.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| line.trim_end_matches('\r')).filter(|line| !line.is_empty())
}

/// Whether these lines may stand in one request.
pub fn check_together(lines: &[Line]) -> Result<(), Bad> {
    let given = lines.iter().filter(|(_, value)| value.is_some());
    given::check_together(given.map(|(name, _)| name.as_str())).map_err(Bad::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, value: Option<&str>) -> Result<Line, Bad> {
        Ok((name.into(), value.map(Into::into)))
    }

    #[test]
    fn curls_three_forms_are_taken() {
        assert_eq!(parse("Accept: text/html"), line("Accept", Some("text/html")));
        assert_eq!(parse("X-Time:\t 12:30; ok \t"), line("X-Time", Some("12:30; ok")));
        assert_eq!((parse("Accept:"), parse("Accept: \t")), (line("Accept", None), line("Accept", None)));
        assert_eq!((parse("X-Empty;"), parse("X-Empty; ")), (line("X-Empty", Some("")), line("X-Empty", Some(""))));
        assert_eq!(parse("X: ünï"), line("X", Some("ünï")));
    }

    #[test]
    fn what_is_no_header_line_is_refused() {
        for text in ["", "Accept", ":", ": x", "A B: x", "Accept : x", "Acc\u{e9}pt: x", "X;y", "GET / HTTP/1.1"] {
            assert_eq!(parse(text), Err(Bad::NoLine), "{text:?}");
        }
    }

    #[test]
    fn what_could_start_another_line_is_refused() {
        for text in ["X: a\r\nY: b", "X: a\nb", "X: a\0b", "X: \u{1b}[31m", "X: a\u{85}b"] {
            assert_eq!(parse(text), Err(Bad::Refused(Refused::Control)), "{text:?}");
        }
        assert_eq!(parse("X\r\nY: b"), Err(Bad::NoLine));
    }

    #[test]
    fn what_a_proxy_is_told_is_no_header() {
        assert_eq!(parse("Proxy-authorization: Basic x"), Err(Bad::Refused(Refused::Proxy)));
    }

    #[test]
    fn host_can_be_changed_or_sent_empty_and_not_be_taken_away() {
        assert_eq!((parse("Host:"), parse("HOST: \t")), (Err(Bad::NoHost), Err(Bad::NoHost)));
        assert_eq!((parse("Host;"), parse("host: a")), (line("Host", Some("")), line("host", Some("a"))));
    }

    #[test]
    fn framing_is_gfetchs_own() {
        assert_eq!(parse("Content-Length: 5"), Err(Bad::Refused(Refused::Framing("content-length"))));
        assert_eq!(parse("TRANSFER-ENCODING: chunked"), Err(Bad::Refused(Refused::Framing("transfer-encoding"))));
        assert_eq!(parse("Content-Length:"), Err(Bad::Refused(Refused::Framing("content-length"))));
    }

    #[test]
    fn a_request_is_for_one_host() {
        let lines = |texts: &[&str]| texts.iter().map(|text| parse(text).unwrap()).collect::<Vec<_>>();
        assert_eq!(check_together(&lines(&["Host: a", "X: b", "X: c"])), Ok(()));
        assert_eq!(check_together(&lines(&["Host: a", "host;"])), Err(Bad::Refused(Refused::Hosts)));
    }

    #[test]
    fn a_file_has_one_a_line() {
        assert_eq!(lines("A: 1\r\n\r\n\nB: 2").collect::<Vec<_>>(), ["A: 1", "B: 2"]);
    }
}
