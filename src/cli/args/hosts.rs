//! `[host."…"]` of the config file: what holds for some hosts only. It stands over what holds for all, and what is typed
//! stands over it.

use gfetch::fetch::plan::{HostPlan, Hosts};
use gfetch::http::given;

use super::apply;
use super::headers;
use super::lex::Seen;
use super::typed::HeaderArg;
use super::usage::UsageError;

/// What can be said of a host.
const SETTINGS: [&str; 7] = ["per-host", "rate", "max-time", "connect-timeout", "retry", "user-agent", "header"];

/// Options that say a header field in other words.
const FIELDS: [(&str, &[&str]); 5] = [
    ("user-agent", &["user-agent"]),
    ("referer", &["referer"]),
    ("cookie", &["cookie"]),
    ("oauth2-bearer", &["authorization"]),
    ("user", &["authorization"]),
];

/// Whether a host may have it.
///
/// # Errors
/// A setting that is for all hosts or none.
pub fn is_setting(key: &str) -> Result<(), UsageError> {
    if SETTINGS.contains(&key) {
        return Ok(());
    }
    let (last, others) = SETTINGS.split_last().unwrap_or((&"", &[]));
    let which = format!("a host takes {} and {last}, not '{}'", others.join(", "), super::usage::shown(key));
    Err(UsageError::new(which))
}

/// The name of a table.
///
/// # Errors
/// What names no host, or every one.
pub fn add(hosts: &mut Hosts, name: &str, plan: HostPlan) -> Result<(), UsageError> {
    let takes = "takes HOST[:PORT] or '*.example.org' in quotes";
    let refused = || UsageError::new(format!("[host.\"…\"] {takes}, not '{}'", super::usage::shown(name)));
    if name.starts_with('*') && !name.starts_with("*.") {
        return Err(refused().hint("what holds for every host stands below [default]"));
    }
    hosts.add(name, plan).map_err(|_| refused())
}

/// What a table's options come to, but for those that were typed.
///
/// # Errors
/// A header that is no line.
pub fn plan(table: Vec<Seen>, typed: &[Seen]) -> Result<HostPlan, UsageError> {
    let says = |seen: &[Seen], name: &str| {
        let is =
            |one: &Seen| matches!(one, Seen::Value(opt, _) | Seen::Flag(opt) | Seen::Opposite(opt) if opt.long == name);
        seen.iter().any(is)
    };
    let counts = |name: &str| {
        let given = table.iter().any(|one| matches!(one, Seen::Value(opt, _) if opt.long == name));
        given && !says(typed, name)
    };
    let (per_host, rate, max_time) = (counts("per-host"), counts("rate"), counts("max-time"));
    let (connect_timeout, retry) = (counts("connect-timeout"), counts("retry"));
    let args = apply::typed(table)?;
    let mut fields = Vec::new();
    for header in &args.request.headers {
        let HeaderArg::Line(line) = header else {
            return Err(UsageError::new("a host's header takes 'Name: value'"));
        };
        match headers::parse(line) {
            Ok((name, Some(value))) => fields.push((name, value)),
            _ => return Err(UsageError::new("a host's header takes 'Name: value'")),
        }
    }
    if given::check_together(fields.iter().map(|(name, _)| name.as_str())).is_err() {
        return Err(UsageError::new("a host's header takes one Host"));
    }
    let has_agent = fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("user-agent"));
    let agent = args.request.user_agent.filter(|agent| !agent.is_empty() && !has_agent);
    fields.extend(agent.map(|agent| ("User-Agent".to_owned(), agent)));
    let typed_fields = typed_fields(typed, |name| says(typed, name));
    fields.retain(|(name, _)| !typed_fields.iter().any(|other| other.eq_ignore_ascii_case(name)));
    let plan = args.plan;
    Ok(HostPlan {
        per_host: per_host.then_some(plan.per_host),
        rate: plan.rate.filter(|_| rate),
        max_time: max_time.then_some(plan.limits.max_time),
        connect_timeout: connect_timeout.then_some(plan.limits.connect_timeout),
        retries: retry.then_some(plan.retry.retries),
        headers: fields,
    })
}

/// Names of the fields that the command line gives or takes away.
fn typed_fields(typed: &[Seen], says: impl Fn(&str) -> bool) -> Vec<String> {
    let lines = typed.iter().filter_map(|one| match one {
        Seen::Value(opt, line) if opt.long == "header" => {
            let line = line.to_string_lossy();
            line.split([':', ';']).next().map(str::to_owned)
        }
        _ => None,
    });
    let by_other_words = FIELDS.iter().filter(|(option, _)| says(option)).flat_map(|(_, names)| *names);
    lines.chain(by_other_words.map(|name| (*name).to_owned())).collect()
}
