//! A request as the curl command that makes the same. Pure.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use gfetch::fetch::names::Place;
use gfetch::fetch::plan::{AuthScheme, Bodies, Plan, Resume, TimeCondition};
use gfetch::fetch::preview::{First, LoginFrom, Planned};
use gfetch::http::EXPECT_ABOVE_BYTES;

use super::curl_connection::connection;
use super::curl_fields::fields;
use super::dry_limits::schemes;
use super::shell;
use crate::cli::args::Invocation;
use crate::cli::escape;
use crate::cli::secrets::REDACTED;

/// An argument can be 128 KiB long (Linux); a longer body comes by a pipe.
const MAX_ARGUMENT_BYTES: usize = 100_000;

/// A command in the making.
pub struct Words<'a> {
    pub invocation: &'a Invocation,
    words: Vec<Vec<u8>>,
    /// What its standard input is.
    input: Option<Vec<u8>>,
    /// A secret was left out.
    pub hidden: bool,
}

/// Appends the command for a line, or a comment for one that is none; `is_first`: no command stands before it. Whether a
/// secret was left out.
pub fn line(out: &mut Vec<u8>, planned: &Planned, invocation: &Invocation, is_first: bool) -> bool {
    let comment = |why: &str| format!("# {}: {}\n", escape::line(&planned.entry.source), escape::line(why));
    match &planned.first {
        Ok(first) if first.method == "HEAD" && first.body_bytes.is_some() => {
            out.extend_from_slice(comment("curl cannot send HEAD with a body: it waits for another").as_bytes());
            false
        }
        Ok(first) => {
            let mut words = Words { invocation, words: Vec::new(), input: None, hidden: false };
            words.request(planned, first, is_first);
            words.append_to(out);
            words.hidden
        }
        Err(failure) => {
            out.extend_from_slice(comment(&failure.message).as_bytes());
            false
        }
    }
}

impl Words<'_> {
    fn request(&mut self, planned: &Planned, first: &First, is_first: bool) {
        let plan = &self.invocation.plan;
        // -q: no .curlrc. -g: the URL is one, and no glob.
        self.all(["curl", "-q", if plan.fail_on_status { "-sSfg" } else { "-sSg" }]);
        self.redirects(plan, first);
        self.method(first);
        fields(self, plan, first);
        self.body(planned, first);
        self.who(plan, first, is_first);
        self.transfer(plan, first);
        if self.invocation.show_headers {
            self.push("-i");
        }
        self.limits(plan, first);
        connection(self, plan, first);
        self.file(planned, first);
        let url = first.url.as_str();
        let url = if self.shows_secrets() { url.to_owned() } else { gfetch::http::auth::redact_url(url) };
        self.hidden |= url != first.url.as_str();
        self.push(url);
    }

    pub fn shows_secrets(&self) -> bool {
        self.invocation.show_secrets
    }

    pub fn push(&mut self, word: impl AsRef<[u8]>) {
        self.words.push(word.as_ref().to_vec());
    }

    pub fn all<const N: usize>(&mut self, words: [&str; N]) {
        words.into_iter().for_each(|word| self.push(word));
    }

    /// An option with its value, which may begin with anything.
    pub fn option(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.push(name);
        self.push(value);
    }

    /// The same with a path; one that begins with a hyphen would look like an option to people.
    pub fn path(&mut self, name: &str, path: &Path) {
        let bytes = path.as_os_str().as_bytes();
        self.option(name, if bytes.starts_with(b"-") { [b"./", bytes].concat() } else { bytes.to_vec() });
    }

    /// A value that is a secret: `shown` stands for it otherwise.
    pub fn secret(&mut self, name: &str, value: impl AsRef<[u8]>, shown: &str) {
        if self.shows_secrets() {
            self.option(name, value);
        } else {
            self.option(name, shown);
            self.hidden = true;
        }
    }

    fn redirects(&mut self, plan: &Plan, first: &First) {
        if !first.follows {
            return;
        }
        self.push(if plan.request.location_trusted { "--location-trusted" } else { "-L" });
        self.option("--max-redirs", plan.limits.max_redirs.map_or("-1".to_owned(), |most| most.to_string()));
        let allowed = match schemes(plan.request.redirect_schemes) {
            [true, true] => "=http,https",
            [true, false] => "=http",
            [false, true] => "=https",
            [false, false] => "-all",
        };
        self.option("--proto-redir", allowed);
    }

    /// What curl would not take by itself.
    fn method(&mut self, first: &First) {
        match (&*first.method, first.body_bytes) {
            ("GET", None) | ("POST", Some(_)) => {}
            ("HEAD", None) => self.push("-I"),
            (method, _) => self.option("-X", method),
        }
    }

    fn body(&mut self, planned: &Planned, first: &First) {
        if first.body_bytes.is_none() {
            return;
        }
        let own = planned.entry.target.as_ref().ok().and_then(|target| target.body.as_deref());
        match (own, &self.invocation.as_typed.body) {
            (None, Some(file)) => {
                let name = if file.as_text { "-d" } else { "--data-binary" };
                self.option(name, [b"@", file.path.as_os_str().as_bytes()].concat());
            }
            (own, _) => {
                let body = own.or(self.invocation.plan.request.body.as_deref()).unwrap_or_default();
                if body.len() <= MAX_ARGUMENT_BYTES && shell::is_plain(body) {
                    return self.option("--data-raw", body);
                }
                self.input = Some(body.to_vec());
                self.option("--data-binary", "@-");
            }
        }
        if first.body_bytes.is_some_and(|bytes| bytes > EXPECT_ABOVE_BYTES as u64)
            && !first.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("expect"))
        {
            self.option("-H", "Expect:");
        }
    }

    fn who(&mut self, plan: &Plan, first: &First, is_first: bool) {
        if let Some((login, from)) = &first.login {
            match plan.secrets.scheme {
                AuthScheme::Basic => {}
                AuthScheme::Digest => self.push("--digest"),
                AuthScheme::Any => self.push("--anyauth"),
            }
            // A user of -u whose password stands in the netrc file has no words in curl but both.
            let by_name =
                *from == LoginFrom::Netrc && plan.secrets.netrc.as_ref().is_some_and(|netrc| netrc.user.is_some());
            if *from == LoginFrom::User || by_name {
                let user = String::from_utf8_lossy(&login.user).into_owned();
                self.secret("-u", [&login.user[..], b":", &login.password].concat(), &format!("{user}:{REDACTED}"));
            }
        }
        let as_typed = &self.invocation.as_typed;
        if let (Some(netrc), Some(path)) = (&plan.secrets.netrc, &as_typed.netrc_file) {
            if netrc.url_first {
                self.push("--netrc-optional");
            }
            self.path("--netrc-file", path);
        }
        for file in &as_typed.cookie_files {
            self.cookie_file(file);
        }
        if let Some(jar) = &self.invocation.cookie_jar {
            // One jar for the run: what an earlier command kept is read by the next.
            if !is_first && !as_typed.cookie_files.contains(jar) && jar.as_os_str() != "-" {
                self.cookie_file(jar);
            }
            self.option("-c", jar.as_os_str().as_bytes());
        }
    }

    /// With a `=` in its name a file would be a cookie.
    fn cookie_file(&mut self, file: &Path) {
        let bytes = file.as_os_str().as_bytes();
        let is_ambiguous = bytes.contains(&b'=') || bytes.starts_with(b"@");
        self.option("-b", if is_ambiguous { [b"@", bytes].concat() } else { bytes.to_vec() });
    }

    fn transfer(&mut self, plan: &Plan, first: &First) {
        match plan.transfer.resume {
            Some(Resume::At(from)) => self.option("-C", from.to_string()),
            Some(Resume::AtEnd) if first.file.is_some() => self.option("-C", "-"),
            _ => {}
        }
        if let Some(range) =
            plan.transfer.range.as_ref().filter(|range| asks_for(first, "range", &format!("bytes={range}")))
        {
            self.option("-r", range);
        }
        if let Some(condition) = plan.transfer.time_condition {
            let (name, value) = condition.field();
            let sign = if matches!(condition, TimeCondition::UnmodifiedSince(_)) { "-" } else { "" };
            if asks_for(first, name, &value) {
                self.option("-z", format!("{sign}{value}"));
            }
        }
        if let (Some(path), Some(tag)) = (self.last("etag-compare"), &plan.transfer.etag)
            && asks_for(first, "if-none-match", tag)
        {
            self.path("--etag-compare", Path::new(&path));
        }
        if let Some(path) = &plan.transfer.etag_save {
            self.path("--etag-save", path);
        }
        if plan.transfer.remote_time {
            self.push("-R");
        }
    }

    fn limits(&mut self, plan: &Plan, first: &First) {
        if let Some(most) = first.max_time {
            self.option("-m", seconds(most));
        }
        self.option("--connect-timeout", seconds(first.connect_timeout));
        if let Some(stall) = plan.limits.stall.filter(|stall| stall.given) {
            self.option("-y", whole_seconds(stall.time));
            self.option("-Y", stall.min_bytes_per_s.to_string());
        }
        if let Some(most) = plan.limits.max_filesize {
            self.option("--max-filesize", most.to_string());
        }
        if let Some(rate) = plan.limits.rate {
            self.option("--limit-rate", rate.to_string());
        }
        let retry = &plan.retry;
        if first.retries > 0 {
            self.option("--retry", first.retries.to_string());
            retry.delay.into_iter().for_each(|delay| self.option("--retry-delay", whole_seconds(delay)));
            retry.max_time.into_iter().for_each(|limit| self.option("--retry-max-time", whole_seconds(limit)));
            retry.all_errors.then(|| self.push("--retry-all-errors"));
            retry.connrefused.then(|| self.push("--retry-connrefused"));
        }
    }

    fn file(&mut self, planned: &Planned, first: &First) {
        let plan = &self.invocation.plan;
        let save = match &plan.bodies {
            Bodies::Save(save) => Some(save),
            _ => None,
        };
        match &first.file {
            // curl -I writes the head where the body would go.
            _ if first.method == "HEAD" => self.option("-o", "/dev/null"),
            Some(_) if plan.transfer.remote_header_name => {
                self.push("-OJ");
                save.and_then(|save| save.dir.as_deref()).into_iter().for_each(|dir| self.path("--output-dir", dir));
            }
            Some(path) => {
                self.path("-o", path);
                if plan.transfer.resume.is_none() && !path.starts_with("/dev") {
                    self.push("--remove-on-error");
                }
            }
            None if plan.bodies == Bodies::Print || planned.place == Some(Place::StandardOutput) => {
                if self.invocation.binary_to_terminal {
                    self.option("-o", "-");
                }
            }
            None => self.option("-o", "/dev/null"),
        }
        if first.file.is_some() && save.is_some_and(|save| save.create_dirs) {
            self.push("--create-dirs");
        }
    }

    fn last(&self, long: &str) -> Option<std::ffi::OsString> {
        self.invocation.as_typed.values(long).next_back().map(OsStr::to_owned)
    }

    fn append_to(&self, out: &mut Vec<u8>) {
        let mut text = String::new();
        if let Some(input) = &self.input {
            shell::printf(&mut text, input);
            text.push_str(" | ");
        }
        for (place, word) in self.words.iter().enumerate() {
            if place > 0 {
                text.push(' ');
            }
            shell::word(&mut text, word);
        }
        text.push('\n');
        out.extend_from_slice(text.as_bytes());
    }
}

/// Whether the request has this field with this value: what asks for a part or has a condition gives way to `-H`.
pub fn asks_for(first: &First, name: &str, value: &str) -> bool {
    first.fields.iter().any(|(other, had)| other.eq_ignore_ascii_case(name) && had == value.as_bytes())
}

/// At least a millisecond: 0 is no limit to curl.
fn seconds(time: Duration) -> String {
    time.max(Duration::from_millis(1)).as_secs_f64().to_string()
}

/// curl 7.88 takes no others here.
fn whole_seconds(time: Duration) -> String {
    time.as_secs_f64().ceil().to_string()
}
