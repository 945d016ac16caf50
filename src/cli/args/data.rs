//! `-d` and its like: what each contributes to the body or the query, read and encoded as curl does.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::typed::DataArg;
use super::usage::{UsageError, shown};
use super::world::World;

/// What stays as it is in `--data-urlencode` (RFC 3986, "unreserved").
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Nothing but bytes that are no ASCII: what else has to be encoded in a query the URL says itself.
const NOT_ASCII: &AsciiSet = &AsciiSet::EMPTY;

/// The five forms of `--data-urlencode`: `content`, `=content`, `name=content`, `@file`, `name@file`.
pub fn encoded(arg: &OsStr) -> DataArg {
    let bytes = arg.as_bytes();
    let sign = |sign: u8| bytes.iter().position(|byte| *byte == sign);
    let Some(at) = sign(b'=').or_else(|| sign(b'@')) else {
        return DataArg::Bytes(encode(b"", bytes));
    };
    let (name, content) = (&bytes[..at], &bytes[at + 1..]);
    match bytes[at] {
        b'@' => DataArg::EncodedFile { name: name.to_vec(), path: OsStr::from_bytes(content).into() },
        _ => DataArg::Bytes(encode(name, content)),
    }
}

/// `--url-query`: the same, and behind a `+` what is encoded already.
pub fn query_part(arg: &OsStr) -> DataArg {
    match arg.as_bytes().strip_prefix(b"+") {
        Some(raw) => DataArg::Bytes(raw.to_vec()),
        None => encoded(arg),
    }
}

/// `name=content` with the content encoded, a space as `+`; the name is taken to be encoded already.
fn encode(name: &[u8], content: &[u8]) -> Vec<u8> {
    let content = percent_encode(content, ENCODED).to_string().replace("%20", "+");
    let name = if name.is_empty() { Vec::new() } else { [name, b"="].concat() };
    [&name[..], content.as_bytes()].concat()
}

/// All parts in one: joined with `&` where there is something before, but for what `--json` adds. What is given and empty
/// is something.
///
/// # Errors
/// A file that cannot be read.
pub fn joined(parts: Vec<DataArg>, world: &World) -> Result<Option<Vec<u8>>, UsageError> {
    let mut all: Option<Vec<u8>> = None;
    for part in parts {
        let joins = !matches!(part, DataArg::Json(_) | DataArg::JsonFile(_));
        let bytes = match part {
            DataArg::Bytes(bytes) | DataArg::Json(bytes) => bytes,
            DataArg::TextFile(path) => {
                let mut bytes = read(&path, "-d", world)?;
                bytes.retain(|b| !b"\r\n\0".contains(b));
                bytes
            }
            DataArg::BinaryFile(path) => read(&path, "--data-binary", world)?,
            DataArg::JsonFile(path) => read(&path, "--json", world)?,
            DataArg::EncodedFile { name, path } => encode(&name, &read(&path, "--data-urlencode", world)?),
        };
        let all = all.get_or_insert_default();
        if !all.is_empty() && joins {
            all.push(b'&');
        }
        all.extend(bytes);
    }
    Ok(all)
}

/// Data as a part of a URL.
pub fn as_query(data: &[u8]) -> String {
    percent_encode(data, NOT_ASCII).to_string()
}

/// A file that an option names.
pub fn read(path: &Path, option: &str, world: &World) -> Result<Vec<u8>, UsageError> {
    (world.read_file)(path)
        .map_err(|error| UsageError::new(format!("{option} @{}: {error}", shown(&path.to_string_lossy()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(arg: DataArg) -> String {
        match arg {
            DataArg::Bytes(bytes) => String::from_utf8(bytes).unwrap(),
            DataArg::EncodedFile { name, path } => {
                format!("{} from {}", String::from_utf8(name).unwrap(), path.display())
            }
            _ => panic!("neither"),
        }
    }

    /// As curl 7.88 sends them.
    #[test]
    fn data_urlencode_has_five_forms() {
        for (arg, expected) in [
            ("a b&c", "a+b%26c"),
            ("=a=b ", "a%3Db+"),
            ("n=ü ~-._", "n=%C3%BC+~-._"),
            ("n=", "n="),
            ("n=a@b", "n=a%40b"),
            ("@f", " from f"),
            ("n@f@g", "n from f@g"),
            ("", ""),
        ] {
            assert_eq!(text(encoded(arg.as_ref())), expected, "{arg}");
        }
    }

    #[test]
    fn url_query_takes_what_is_encoded_already_behind_a_plus() {
        assert_eq!(text(query_part("+raw%20x".as_ref())), "raw%20x");
        assert_eq!(text(query_part("z=a b".as_ref())), "z=a+b");
        assert_eq!(as_query("a=ü#".as_bytes()), "a=%C3%BC#");
    }
}
