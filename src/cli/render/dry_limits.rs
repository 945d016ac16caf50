//! The limits that a run would have, as `--dry-run` tells them first. Pure.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use gfetch::fetch::plan::{Bodies, Follow, HostPlan, Order, Plan};
use gfetch::http::origin::Scheme;
use gfetch::http::redirect::Schemes;

use super::units::size;
use crate::cli::args::Invocation;
use crate::cli::escape;

/// The block: a heading, then a line for each thing that holds.
pub fn limits(invocation: &Invocation) -> String {
    let plan = &invocation.plan;
    let mut text = String::from("gfetch: a dry run: nothing is sent\n");
    let mut line = |name: &str, what: String| {
        if !what.is_empty() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {name:<10} {}", escape::line(&what));
        }
    };
    line("at once", at_once(plan));
    line("rate", plan.rate.map_or(String::new(), |rate| format!("{rate} starts, evenly spaced")));
    for (place, (pattern, own)) in plan.hosts.iter().enumerate() {
        line(if place == 0 { "hosts" } else { "" }, format!("{pattern}: {}", of_host(own)));
    }
    line("time", times(plan));
    line("bytes", bytes(plan));
    line("retries", retries(plan));
    line("stops", stops(plan));
    line("redirects", redirects(plan));
    line("proxies", proxies(plan));
    line("checks", if plan.connect.insecure { "certificates are NOT checked (-k)".to_owned() } else { String::new() });
    line("secrets", secrets(invocation));
    line("netrc", invocation.as_typed.netrc_file.as_deref().map_or(String::new(), shown));
    line("cookies", cookies(invocation));
    line("bodies", bodies(plan));
    line("files", files(invocation));
    text
}

fn at_once(plan: &Plan) -> String {
    if plan.serial {
        return "1 request, one after another".to_owned();
    }
    let per_host = plan.per_host.map_or("no limit to a host".to_owned(), |most| format!("{most} to one host"));
    let order = if plan.order == Order::Input { "input order" } else { "the order in which they end" };
    format!("{} requests, {per_host}; told in {order}", plan.jobs)
}

/// What a host has of its own.
fn of_host(own: &HostPlan) -> String {
    let no_limit = || "no limit for a request".to_owned();
    let names: Vec<&str> = own.headers.iter().map(|(name, _)| name.as_str()).collect();
    joined([
        own.per_host.map(|most| most.map_or("any number at once".to_owned(), |most| format!("{most} at once"))),
        own.rate.map(|rate| format!("{rate} starts")),
        own.max_time.map(|most| most.map_or_else(no_limit, |most| format!("{} for a request", secs(most)))),
        own.connect_timeout.map(|most| format!("{} to connect", secs(most))),
        own.retries.map(|retries| if retries == 1 { "1 retry".to_owned() } else { format!("{retries} retries") }),
        (!names.is_empty()).then(|| format!("sent {}", names.join(", "))),
    ])
}

fn times(plan: &Plan) -> String {
    let limits = &plan.limits;
    let mut parts = vec![
        limits
            .max_time
            .map_or("no limit for a request".to_owned(), |most| format!("{} for a request (-m)", secs(most))),
        format!("{} to connect", secs(limits.connect_timeout)),
    ];
    parts.push(match limits.stall {
        Some(stall) if stall.given => {
            format!("{} below {} a second (-y, -Y)", secs(stall.time), size(stall.min_bytes_per_s))
        }
        Some(stall) => format!("{} for a body that brings nothing", secs(stall.time)),
        None => "no limit for a body that brings nothing".to_owned(),
    });
    parts.extend(plan.deadline.map(|limit| format!("{} for all (--deadline)", secs(limit))));
    parts.join(", ")
}

fn bytes(plan: &Plan) -> String {
    let limits = &plan.limits;
    let parts = [
        limits.max_filesize.map(|most| format!("{} at most for a body", size(most))),
        limits.rate.map(|rate| format!("{} a second for a request", size(rate))),
        limits.rate_total.map(|rate| format!("{} a second for all", size(rate))),
    ];
    joined(parts)
}

fn retries(plan: &Plan) -> String {
    let retry = &plan.retry;
    if retry.retries == 0 {
        return "none".to_owned();
    }
    let parts = [
        Some(format!("{} for each URL", retry.retries)),
        Some(retry.delay.map_or("with back-off".to_owned(), |delay| format!("{} before each", secs(delay)))),
        retry.max_time.map(|limit| format!("none after {}", secs(limit))),
        retry.all_errors.then(|| "of every failure".to_owned()),
        retry.connrefused.then(|| "of refused connections too".to_owned()),
    ];
    joined(parts)
}

fn stops(plan: &Plan) -> String {
    let parts = [
        plan.max_failures.map(|most| match most {
            0 => "at the first failure".to_owned(),
            most => format!("after more than {most} failures"),
        }),
        (plan.give_up_host > 0).then(|| format!("asking a host after {} connect failures in a row", plan.give_up_host)),
    ];
    joined(parts)
}

fn redirects(plan: &Plan) -> String {
    let whose = match plan.request.follow {
        Follow::None => return "none are followed".to_owned(),
        Follow::All => "of every method",
        Follow::GetAndHead => "of GET and HEAD",
    };
    let most = plan.limits.max_redirs.map_or("any number".to_owned(), |most| format!("{most} at most"));
    let schemes = match schemes(plan.request.redirect_schemes) {
        [true, true] => "",
        [true, false] => ", to http only",
        [false, true] => ", to https only",
        [false, false] => ", all refused",
    };
    let trusted = if plan.request.location_trusted { ", secrets go along (--location-trusted)" } else { "" };
    format!("{most}, {whose}{schemes}{trusted}")
}

/// Whether redirects may lead to http, and to https.
pub fn schemes(schemes: Schemes) -> [bool; 2] {
    [Scheme::Http, Scheme::Https].map(|scheme| schemes.allow(scheme))
}

fn proxies(plan: &Plan) -> String {
    let routes = &plan.connect.routes;
    if let Some(socket) = &routes.unix_socket {
        return format!("none: all goes to the Unix socket {}", shown(socket));
    }
    let rules = &routes.proxies;
    let named = [("http", &rules.http), ("https", &rules.https), ("all else", &rules.all)];
    let parts = named.map(|(what, proxy)| proxy.as_ref().map(|proxy| format!("{proxy} for {what}")));
    let text = match (&rules.http, &rules.https, &rules.all) {
        (None, None, None) => return "none".to_owned(),
        (None, None, Some(proxy)) => format!("{proxy} for all"),
        _ => joined(parts),
    };
    if rules.no_proxy.is_empty() { text } else { format!("{text}; none for {}", rules.no_proxy) }
}

/// Which there are, and where they would go.
fn secrets(invocation: &Invocation) -> String {
    let secrets = &invocation.plan.secrets;
    let mut which: Vec<&str> = secrets.login.iter().map(|_| "-u").collect();
    which.extend(secrets.headers.iter().map(|(name, _)| name.as_str()));
    which.extend(invocation.plan.connect.tls.identity.iter().map(|_| "-E"));
    if which.is_empty() {
        return String::new();
    }
    let hosts: Vec<_> = invocation.as_typed.values("auth-host").map(|host| host.to_string_lossy()).collect();
    let to = match (invocation.urls.is_empty(), hosts.is_empty()) {
        (false, true) => "to every URL argument".to_owned(),
        (true, _) => format!("only to hosts of --auth-host: {}", hosts.join(", ")),
        (false, false) => format!("to every URL argument, else only to hosts of --auth-host: {}", hosts.join(", ")),
    };
    format!("{}: {to}", which.join(", "))
}

fn cookies(invocation: &Invocation) -> String {
    if invocation.plan.cookies.is_none() {
        return String::new();
    }
    let files: Vec<_> = invocation.as_typed.cookie_files.iter().filter(|file| !file.as_os_str().is_empty()).collect();
    let from = match &files[..] {
        [] => "none to begin with".to_owned(),
        files => format!("from {}", files.iter().map(|file| shown(file)).collect::<Vec<_>>().join(", ")),
    };
    match &invocation.cookie_jar {
        Some(jar) => format!("{from}; kept in {}", shown(jar)),
        None => from,
    }
}

fn bodies(plan: &Plan) -> String {
    match &plan.bodies {
        Bodies::Count => "counted and dropped".to_owned(),
        Bodies::Print => "on standard output".to_owned(),
        Bodies::Save(save) => match &save.dir {
            Some(dir) => format!("saved below {}", shown(dir)),
            None => "saved".to_owned(),
        },
    }
}

/// What a run would write beside the bodies, and this one does not.
pub fn files(invocation: &Invocation) -> String {
    let files = invocation.own_files.iter().filter(|file| file.is_kept());
    let files: Vec<_> = files.map(|file| format!("{} {}", file.option, shown(&file.path))).collect();
    let text = files.join(", ");
    if text.is_empty() { text } else { format!("{text}: not written now") }
}

fn joined<const N: usize>(parts: [Option<String>; N]) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Seconds as they were typed.
fn secs(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}
