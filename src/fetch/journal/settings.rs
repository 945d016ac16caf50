//! The settings that make one run's successes those of another: what is asked for, and where it goes.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::fetch::plan::{Bodies, Follow, Plan};

/// A hash of each, by the option that a message names. Secrets are not among them: a hash would let them be guessed, and a
/// new token does not change what was fetched. Nor is what only says how fast, how often or by which way.
#[derive(Debug, PartialEq, Eq)]
pub struct Settings(Vec<(&'static str, u64)>);

impl Settings {
    /// Those of `plan`.
    pub fn of(plan: &Plan) -> Settings {
        let request = &plan.request;
        let mut headers = Vec::new();
        for (name, value) in &request.headers {
            // Who asks may be said otherwise the next time.
            if !["user-agent", "referer"].iter().any(|known| known.eq_ignore_ascii_case(name)) {
                headers.extend([name.to_ascii_lowercase(), value.clone().unwrap_or_default()]);
            }
        }
        let follow = match request.follow {
            Follow::GetAndHead => "reads",
            Follow::All => "all",
            Follow::None => "none",
        };
        let (saved, output) = output(plan);
        let text = |text: &str| vec![text.to_owned()];
        Settings(
            [
                ("-X", text(request.method.as_deref().unwrap_or_default())),
                ("-d", request.body.iter().map(|body| String::from_utf8_lossy(body).into_owned()).collect()),
                ("--url-query", request.query.iter().cloned().collect()),
                ("-H", headers),
                ("-L", text(follow)),
                ("-f", text(if plan.fail_on_status { "on" } else { "off" })),
                ("-r", plan.transfer.range.iter().cloned().collect()),
                ("--compressed", text(if saved && request.compresses(true) { "on" } else { "off" })),
                ("-o", output),
            ]
            .into_iter()
            .map(|(option, parts)| (option, hash(&parts)))
            .collect(),
        )
    }

    /// Reads what [`Display`](fmt::Display) writes, and names the options that differ; none where the settings themselves are
    /// others, on either side: another version wrote it.
    pub fn differing(&self, text: &str) -> Option<Vec<&'static str>> {
        let (mut theirs, mut differing) = (text.split(' '), Vec::new());
        for (option, hash) in &self.0 {
            let (name, their_hash) = theirs.next()?.split_once('=')?;
            if name != *option {
                return None;
            }
            if their_hash != format!("{hash:016x}") {
                differing.push(*option);
            }
        }
        theirs.next().is_none().then_some(differing)
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, (option, hash)) in self.0.iter().enumerate() {
            write!(f, "{}{option}={hash:016x}", if count > 0 { " " } else { "" })?;
        }
        Ok(())
    }
}

/// Whether files are written, and everything that says where.
fn output(plan: &Plan) -> (bool, Vec<String>) {
    match &plan.bodies {
        Bodies::Count => (false, vec!["count".into()]),
        Bodies::Print => (false, vec!["print".into()]),
        Bodies::Save(save) => {
            let mut parts = vec!["save".into(), save.remote_name.to_string()];
            parts.push(plan.transfer.remote_header_name.to_string());
            parts.extend(save.dir.iter().map(|dir| dir.display().to_string()));
            parts.push(String::new());
            parts.extend(save.templates.iter().cloned());
            (true, parts)
        }
    }
}

fn hash(parts: &[String]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let bytes: [u8; 32] = hash.finalize().into();
    u64::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]])
}
