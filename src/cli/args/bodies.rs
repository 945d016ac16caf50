//! Where bodies go: `--body`, `-o`, `-O`, and what does not go together.

use std::ffi::{OsStr, OsString};

use gfetch::fetch::glob::Glob;
use gfetch::fetch::names::Template;
use gfetch::fetch::plan::{Bodies, Existing, Plan, Save};

use super::typed::{Input, Output};
use super::usage::{UsageError, shown};

/// What is saved here is gone.
const NOWHERE: &str = "/dev/null";

/// What becomes of the bodies.
///
/// # Errors
/// Options that contradict each other, and files that would be written over each other.
pub fn plan(input: &Input, output: &Output) -> Result<Bodies, UsageError> {
    let saves = !output.templates.is_empty() || output.remote_name;
    if output.show_headers && saves {
        return Err(UsageError::new("--show-headers prints heads and bodies; where -o or -O save bodies, use -D"));
    }
    if output.body && saves {
        return Err(UsageError::new("--body prints bodies, -o and -O save them: choose one"));
    }
    if output.remote_name && !output.templates.is_empty() {
        return Err(UsageError::new("-O takes the name from the URL, -o from you: choose one"));
    }
    // A line of a list may name a file of its own.
    let may_save = saves || (!input.lists.is_empty() && (output.dir.is_some() || output.create_dirs));
    if !may_save && output.dir.is_some() {
        return Err(UsageError::new("--output-dir needs -o or -O: nothing is saved otherwise"));
    }
    names_are_apart(input, &output.templates)?;
    let all_to_stdout = !output.templates.is_empty() && output.templates.iter().all(|template| template == "-");
    Ok(if output.body || output.show_headers || all_to_stdout {
        Bodies::Print
    } else if may_save {
        Bodies::Save(Save {
            templates: output.templates.clone(),
            remote_name: output.remote_name,
            dir: output.dir.clone(),
            create_dirs: output.create_dirs,
        })
    } else {
        Bodies::Count
    })
}

/// What becomes of files that are there.
///
/// # Errors
/// Options that contradict each other, or have nothing to speak of.
pub fn existing(input: &Input, output: &Output, plan: &Plan) -> Result<Existing, UsageError> {
    let (no_clobber, skips) = (output.no_clobber, output.skip_existing);
    let saves = matches!(plan.bodies, Bodies::Save(_)) || !input.lists.is_empty();
    let option = if no_clobber { "--no-clobber" } else { "--skip-existing" };
    if let Some(option) = (no_clobber || skips).then_some(option).or(output.manifest.as_ref().map(|_| "--manifest"))
        && !saves
    {
        return Err(UsageError::new(format!("{option} needs -o or -O: nothing is saved otherwise")));
    }
    if no_clobber && skips {
        return Err(UsageError::new("--no-clobber saves beside what is there, --skip-existing does not: choose one"));
    }
    if (no_clobber || skips) && plan.transfer.resume.is_some() {
        return Err(UsageError::new(format!("-C goes on with the file that is there, {option} leaves it: choose one")));
    }
    let has_status = output.templates.iter().any(|template| Template::parse(template).has_status());
    let late = [(plan.transfer.remote_header_name, "-J"), (has_status, "{status} in -o")];
    if let Some((_, what)) = late.iter().find(|(given, _)| *given && skips) {
        return Err(UsageError::new(format!(
            "--skip-existing asks for nothing, and with {what} the answer names the file"
        )));
    }
    if has_status && plan.transfer.resume.is_some() {
        return Err(UsageError::new(
            "-C continues a file, with {status} in -o its name is not known before: choose one",
        ));
    }
    Ok(match (no_clobber, skips) {
        (true, _) => Existing::Numbered,
        (_, true) => Existing::Skipped,
        _ => Existing::Replaced,
    })
}

/// One `-o` for several URLs must tell them apart, before anything is fetched.
fn names_are_apart(input: &Input, templates: &[String]) -> Result<(), UsageError> {
    let urls = input.urls.len();
    let takes = "must contain #1, {index}, {host}, {path}, {name}, {ext} or {id}, to tell the files apart";
    match templates {
        [] => Ok(()),
        // What nobody reads nobody has to tell apart.
        [one] if one == "-" || one == NOWHERE => Ok(()),
        [one] if (urls > 1 || !input.lists.is_empty()) && !tells_apart(one, most_groups(input)) => {
            Err(UsageError::new(format!("-o '{}' for several URLs {takes}", shown(one))))
        }
        [_] => each_glob_is_apart(input, templates, takes),
        several if !input.lists.is_empty() => {
            Err(UsageError::new(format!("{} -o and a list (-i): one -o holds for all, and {takes}", several.len())))
        }
        several if several.len() > urls => {
            Err(UsageError::new(format!("more -o ({}) than URL arguments ({urls})", several.len())))
        }
        several if several.len() < urls => Err(UsageError::new(format!(
            "{} -o for {urls} URLs: give one for each, or a single one, which {takes}",
            several.len()
        ))),
        _ => each_glob_is_apart(input, templates, takes),
    }
}

/// A glob is several URLs by itself.
fn each_glob_is_apart(input: &Input, templates: &[String], takes: &str) -> Result<(), UsageError> {
    let bad = |(url, template): &(&OsString, &String)| {
        let globbed = !input.globoff && has_glob(&url.to_string_lossy());
        globbed && !["-", NOWHERE].contains(&template.as_str()) && !tells_apart(template, groups(input, url))
    };
    match input.urls.iter().zip(templates).find(bad) {
        Some((_, template)) => Err(UsageError::new(format!("-o '{}' for a glob {takes}", shown(template)))),
        None => Ok(()),
    }
}

/// Whether curl would see a glob. A `[` that opens an IPv6 address is none.
pub fn has_glob(url: &str) -> bool {
    let after_host = match url.find("[").map(|at| &url[at + 1..]) {
        Some(rest) => match rest.split_once(']') {
            Some((addr, after)) if addr.parse::<std::net::Ipv6Addr>().is_ok() => after,
            _ => return true,
        },
        None => url,
    };
    after_host.contains(['{', '['])
}

/// How many groups of a glob a URL argument has. What is no glob is its record's failure, which names no file.
fn groups(input: &Input, url: &OsStr) -> usize {
    if input.globoff { 0 } else { Glob::parse(&url.to_string_lossy()).map_or(usize::MAX, |glob| glob.groups()) }
}

/// The most of all; lists are not globbed.
fn most_groups(input: &Input) -> usize {
    input.urls.iter().map(|url| groups(input, url)).max().unwrap_or(0)
}

/// Whether a template makes different names of different URLs, which have at most so many groups.
fn tells_apart(template: &str, groups: usize) -> bool {
    Template::parse(template).is_distinguishing(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_tells_apart_by_a_glob_or_a_part_of_the_url() {
        for template in ["#1", "a#2.html", "{index}", "x/{host}/{path}", "{id}.json"] {
            assert!(tells_apart(template, 2), "{template}");
        }
        for template in ["", "a", "#", "#x", "x#0", "a#3", "{status}", "{other}", "index", "{ index }"] {
            assert!(!tells_apart(template, 2), "{template}");
        }
    }

    #[test]
    fn an_ipv6_address_is_no_glob() {
        for url in ["http://a/{b,c}", "http://a/[1-3]", "http://[::1]/[1-3]", "http://[1-2].a/", "http://[::1]/{a}"] {
            assert!(has_glob(url), "{url}");
        }
        for url in ["http://a/b", "http://[::1]:80/b", ""] {
            assert!(!has_glob(url), "{url}");
        }
    }
}
