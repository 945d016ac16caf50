//! Options in the order typed → [`Typed`]: the last wins, `--no-X` takes back each X before it.

use super::lex::Seen;
use super::option::{Effect, Opt, Refusal, Value};
use super::typed::Typed;
use super::usage::UsageError;
use crate::cli::similar::similar;

/// Options whose value is easily a URL by mistake, for people who come from curl, wget or aria2.
const URL_IS_A_SLIP: [(char, &str); 5] = [
    ('i', "curl's -i, which shows headers, is --show-headers here"),
    ('o', "-O saves under the name in the URL"),
    ('c', "wget's -c, which continues a file, is -C - in curl"),
    ('b', "wget's -b goes to the background; a shell's & does that"),
    ('D', "curl's -D takes a file for the headers"),
];

/// Applies each option.
///
/// # Errors
/// The first value that is not taken.
pub fn typed(seen: Vec<Seen>) -> Result<Typed, UsageError> {
    behind_file(seen, 0)
}

/// The same where the first `of_file` are the config file's.
///
/// # Errors
/// The first value that is not taken.
pub fn behind_file(seen: Vec<Seen>, of_file: usize) -> Result<Typed, UsageError> {
    let mut typed = Typed::default();
    for (n, one) in seen.iter().enumerate() {
        let undone = |opt: &Opt| seen[n..].iter().any(|later| matches!(later, Seen::Opposite(o) if o.long == opt.long));
        match one {
            Seen::Url(url) => typed.input.urls.push(url.clone()),
            Seen::Opposite(opt) => set(&mut typed, opt, false),
            Seen::Flag(opt) if opt.short == Some('n') && seen.get(n + 1).is_some_and(is_number) => {
                return Err(a_count(opt, &seen[n + 1]));
            }
            Seen::Flag(opt) if !undone(opt) => {
                set(&mut typed, opt, true);
                typed.as_typed.push(opt, None, n >= of_file);
            }
            Seen::Flag(_) => {}
            Seen::Value(opt, value) => {
                let value = Value(value);
                no_url_by_mistake(opt, value)?;
                match opt.effect {
                    Effect::Value(take) if !undone(opt) => {
                        take(&mut typed, value).map_err(|refusal| refused(opt, value, refusal))?;
                        typed.as_typed.push(opt, Some(value.0), n >= of_file);
                    }
                    _ => {}
                }
            }
        }
    }
    Ok(typed)
}

fn set(typed: &mut Typed, opt: &Opt, on: bool) {
    match opt.effect {
        Effect::On(set) if on => set(typed),
        Effect::OnOff(set) => set(typed, on),
        // What merely takes back has nothing to set.
        _ => {}
    }
}

fn refused(opt: &Opt, value: Value<'_>, refusal: Refusal) -> UsageError {
    match refusal {
        Refusal::Takes(what) => UsageError::new(format!("{} takes {what}, not '{}'", opt.spelled(), value.shown())),
        Refusal::TakesInstead(what) => UsageError::new(format!("{} takes {what}", opt.spelled())),
        Refusal::OneOf(words) => {
            let (last, others) = words.split_last().unwrap_or((&"", &[]));
            let takes = format!("{} or {last}", others.join(", "));
            let error = UsageError::new(format!("{} takes {takes}, not '{}'", opt.spelled(), value.shown()));
            error.did_you_mean(similar(&value.0.to_string_lossy(), words))
        }
    }
}

/// ab, wrk and siege count with -n or -c; `-n 5` is a number of requests to nobody but them.
fn a_count(opt: &Opt, next: &Seen) -> UsageError {
    let number = if let Seen::Url(url) = next { Value(url).shown() } else { String::new() };
    UsageError::new(format!("{} takes no value, and '{number}' is no URL", opt.spelled()))
        .did_you_mean(Some(format!("-j {number}")))
}

fn is_number(seen: &Seen) -> bool {
    matches!(seen, Seen::Url(url) if url.to_str().is_some_and(|u| u.bytes().all(|b| b.is_ascii_digit())))
}

fn no_url_by_mistake(opt: &Opt, value: Value<'_>) -> Result<(), UsageError> {
    match URL_IS_A_SLIP.iter().find(|(letter, _)| opt.short == Some(*letter)) {
        Some((_, hint)) if value.looks_like_a_url() => {
            let what = opt.value.unwrap_or_default();
            Err(UsageError::new(format!("{} takes {what}, and what follows it is a URL", opt.spelled())).hint(*hint))
        }
        _ => Ok(()),
    }
}
