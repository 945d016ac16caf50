//! `-u -n -b -c` and their kin → who asks: logins, netrc, cookies. Files are read here.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use gfetch::fetch::plan::{AuthScheme, NetrcPlan, Plan, Secrets};
use gfetch::http::cookies::Jar;
use gfetch::http::netrc::Netrc;

use super::options::NO_PASSWORD;
use super::typed::Who;
use super::usage::{UsageError, shown};
use super::world::World;

/// Fills secrets and cookies of `plan`. Returns what the user should know.
///
/// # Errors
/// `-u` without a password that nobody knows, a file that cannot be read.
pub fn fill(who: &Who, plan: &mut Plan, world: &World) -> Result<Vec<String>, UsageError> {
    let mut notes = Vec::new();
    plan.secrets.scheme = scheme(who);
    plan.secrets.netrc = netrc(who, world)?;
    login(who, &mut plan.secrets)?;
    if !who.cookie_files.is_empty() || who.cookie_jar.is_some() {
        plan.cookies = Some(cookies(who, world, &mut notes)?);
    }
    Ok(notes)
}

/// As in curl, Basic and Digest together are whichever the server asks for.
fn scheme(who: &Who) -> AuthScheme {
    match (who.any || (who.basic && who.digest), who.digest) {
        (true, _) => AuthScheme::Any,
        (false, true) => AuthScheme::Digest,
        (false, false) => AuthScheme::Basic,
    }
}

fn login(who: &Who, secrets: &mut Secrets) -> Result<(), UsageError> {
    let Some(user) = &who.user else { return Ok(()) };
    match (user.split_once(':'), &mut secrets.netrc) {
        (Some((user, password)), _) => secrets.login = Some((user.into(), password.into())),
        (None, Some(netrc)) => netrc.user = Some(user.clone()),
        (None, None) => return Err(UsageError::new(format!("-u/--user takes {NO_PASSWORD}"))),
    }
    Ok(())
}

fn netrc(who: &Who, world: &World) -> Result<Option<NetrcPlan>, UsageError> {
    if !who.netrc && !who.netrc_optional && who.netrc_file.is_none() {
        return Ok(None);
    }
    let url_first = who.netrc_optional;
    let plan = |netrc| Some(NetrcPlan { netrc, user: None, url_first });
    let Some((path, option)) = netrc_path(who, world) else {
        return match url_first {
            true => Ok(plan(Netrc::default())),
            false => {
                Err(UsageError::new("-n/--netrc: HOME is not set, so that there is no .netrc (--netrc-file FILE)"))
            }
        };
    };
    let named = || format!("{option} {}", shown(&path.to_string_lossy()));
    let read =
        if url_first { world.read_if_there(&path).map(Option::unwrap_or_default) } else { (world.read_file)(&path) };
    let bytes = read.map_err(|error| UsageError::new(format!("{}: {error}", named())))?;
    Netrc::parse(&bytes).map(plan).map_err(|bad| UsageError::new(format!("{}: {bad}", named())))
}

/// The file, and who named it.
pub fn netrc_path(who: &Who, world: &World) -> Option<(PathBuf, &'static str)> {
    let variable = |name| (world.env)(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let typed = who.netrc_file.clone().map(|path| (path, "--netrc-file"));
    typed
        .or_else(|| variable("NETRC").map(|path| (path, "NETRC")))
        .or_else(|| variable("HOME").map(|home| (home.join(".netrc"), "-n/--netrc")))
}

fn cookies(who: &Who, world: &World, notes: &mut Vec<String>) -> Result<Jar, UsageError> {
    let mut jar = Jar::new();
    // An empty name keeps cookies and reads none.
    for path in who.cookie_files.iter().filter(|path| !path.as_os_str().is_empty()) {
        let named = format!("-b/--cookie {}", shown(&path.to_string_lossy()));
        let read = world.read_if_there(path).map_err(|error| UsageError::new(format!("{named}: {error}")))?;
        // As in curl, so that `-b FILE -c FILE` works the first time.
        let Some(bytes) = read else {
            if !is_jar(who, path) {
                notes.push(format!("{named}: no such file, so no cookies from it (NAME=VALUE sends one)"));
            }
            continue;
        };
        let skipped = jar.read_netscape(&bytes, SystemTime::now());
        if let Some((line, why)) = skipped.first {
            let lines = if skipped.lines == 1 { "1 line is" } else { &format!("{} lines are", skipped.lines) };
            notes.push(format!("{named}: {lines} no cookie and passed over; the first is line {line} ({why})"));
        }
    }
    Ok(jar)
}

fn is_jar(who: &Who, path: &Path) -> bool {
    who.cookie_jar.as_deref() == Some(path)
}
