//! What is fetched.

use crate::cli::args::option::{Opt, Shown};
use crate::cli::args::typed::{ListSource, Typed};

pub const OPTIONS: &[Opt] = &[
    Opt::value(
        "input-file",
        "FILE",
        "Fetch the URLs of this list, one a line; - is standard input",
        |t: &mut Typed, v| {
            t.input.lists.push(match v.file()? {
                file if file.as_os_str() == "-" => ListSource::Stdin,
                file => ListSource::File(file),
            });
            Ok(())
        },
    )
    .short('i')
    .shown(Shown::Always)
    .more(
        "Repeatable; URL arguments come first. Lines that begin with # are comments, a line that begins with { is a \
         JSON object: url, id, method, headers, body, output, timeout. The list is read as it is needed.",
    ),
    Opt::flag("globoff", "Take {}, [] in URL arguments as they are", |t| t.input.globoff = true)
        .short('g')
        .more("Without it URL arguments are globs, as in curl: {a,b}, [1-100], [001-100:2]. Lists are never globbed."),
    Opt::value("url", "URL", "A URL argument, as curl spells it", |t, v| {
        t.input.urls.push(v.0.to_owned());
        Ok(())
    })
    .shown(Shown::Never),
    Opt::flag("allow-empty", "No URL at all is no error: exit status 0", |t| t.input.allow_empty = true),
];
