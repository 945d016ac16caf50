//! `-H`: header lines as curl takes them.

/// What `-H` takes.
pub const TAKES: &str = "'Name: value', 'Name:' (removes it), 'Name;' (sends it empty) or @FILE";

/// A header line. `None` as its value removes the field that would be sent otherwise.
pub type Line = (String, Option<String>);

/// Fields that say where the body ends: gfetch sets them from the body, because a second opinion is how requests are
/// smuggled (RFC 9112 section 11.2).
const FRAMING: [&str; 2] = ["content-length", "transfer-encoding"];

/// Why a line was not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum Bad {
    /// It is no header line.
    NoLine,
    /// It holds a control character.
    Control,
    /// It says where the body ends.
    Framing(&'static str),
    /// It is for the proxy, and would go to the server.
    Proxy,
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
    if value.is_some_and(|value| !is_field_value(value)) {
        return Err(Bad::Control);
    }
    if !is_token(name) {
        return Err(Bad::NoLine);
    }
    if name.eq_ignore_ascii_case("proxy-authorization") {
        return Err(Bad::Proxy);
    }
    if value.is_none() && name.eq_ignore_ascii_case("host") {
        return Err(Bad::NoHost);
    }
    if let Some(field) = FRAMING.into_iter().find(|field| field.eq_ignore_ascii_case(name)) {
        return Err(Bad::Framing(field));
    }
    Ok((name.into(), value.map(Into::into)))
}

/// The lines of a file; empty ones are passed over.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| line.trim_end_matches('\r')).filter(|line| !line.is_empty())
}

/// A token of RFC 9110 section 5.6.2: what a method and a field's name may be.
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// What may stand in a field's value: nothing that could end the line.
pub fn is_field_value(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\t')
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
            assert_eq!(parse(text), Err(Bad::Control), "{text:?}");
        }
        assert_eq!(parse("X\r\nY: b"), Err(Bad::NoLine));
    }

    #[test]
    fn what_a_proxy_is_told_is_no_header() {
        assert_eq!(parse("Proxy-authorization: Basic x"), Err(Bad::Proxy));
    }

    #[test]
    fn host_can_be_changed_or_sent_empty_and_not_be_taken_away() {
        assert_eq!((parse("Host:"), parse("HOST: \t")), (Err(Bad::NoHost), Err(Bad::NoHost)));
        assert_eq!((parse("Host;"), parse("host: a")), (line("Host", Some("")), line("host", Some("a"))));
    }

    #[test]
    fn framing_is_gfetchs_own() {
        assert_eq!(parse("Content-Length: 5"), Err(Bad::Framing("content-length")));
        assert_eq!(parse("TRANSFER-ENCODING: chunked"), Err(Bad::Framing("transfer-encoding")));
        assert_eq!(parse("Content-Length:"), Err(Bad::Framing("content-length")));
    }

    #[test]
    fn a_file_has_one_a_line() {
        assert_eq!(lines("A: 1\r\n\r\n\nB: 2").collect::<Vec<_>>(), ["A: 1", "B: 2"]);
    }
}
