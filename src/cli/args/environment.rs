//! What the environment says: proxies, certificates, colour. By curl's rules.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use gfetch::fetch::plan::CaSource;
use gfetch::http::proxy::{Proxy, ProxyKind, ProxyRules};

use super::usage::UsageError;

/// A variable of the environment, if it is set.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The proxies that the environment asks for. `http_proxy` counts in lower case only (a CGI script gets `HTTP_PROXY`
/// from whoever sends it a `Proxy:` header); of the others the lower case wins.
///
/// # Errors
/// A variable whose value is no proxy: to pass it by could send requests where they must not go.
pub fn proxies(env: Env) -> Result<ProxyRules, UsageError> {
    let proxy = |names: &[&'static str]| -> Result<Option<Arc<Proxy>>, UsageError> {
        let found = names.iter().find_map(|name| text(env, name).map(|value| (name, value)));
        let Some((name, value)) = found else { return Ok(None) };
        match Proxy::parse(&value, ProxyKind::Http) {
            Ok(proxy) => Ok(Some(Arc::new(proxy))),
            Err(bad) => Err(UsageError::new(format!("{name} names no proxy: {bad}"))
                .hint(format!("to go without: {name}= gfetch …"))),
        }
    };
    Ok(ProxyRules {
        http: proxy(&["http_proxy"])?,
        https: proxy(&["https_proxy", "HTTPS_PROXY"])?,
        all: proxy(&["all_proxy", "ALL_PROXY"])?,
        no_proxy: String::new(),
    })
}

/// The hosts that are asked without a proxy.
pub fn no_proxy(env: Env) -> String {
    text(env, "no_proxy").or_else(|| text(env, "NO_PROXY")).unwrap_or_default()
}

/// Where the trusted certificates are: what was typed, then `CURL_CA_BUNDLE`, then `SSL_CERT_FILE` and `SSL_CERT_DIR`,
/// then what `system` finds.
pub fn ca_source(
    cacert: Option<PathBuf>,
    capath: Option<PathBuf>,
    env: Env,
    system: &dyn Fn() -> CaSource,
) -> CaSource {
    let source = |files: Option<PathBuf>, dirs: Vec<PathBuf>, named_by: &str| {
        let found = files.is_some() || !dirs.is_empty();
        found.then(|| CaSource { files: files.into_iter().collect(), dirs, named_by: Some(named_by.into()) })
    };
    let path = |name| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let option = if cacert.is_some() { "--cacert" } else { "--capath" };
    source(cacert, capath.into_iter().collect(), option)
        .or_else(|| source(path("CURL_CA_BUNDLE"), Vec::new(), "CURL_CA_BUNDLE"))
        .or_else(|| {
            // Like a search path: OpenSSL takes several folders in one variable.
            let dirs = path("SSL_CERT_DIR").map(|dirs| std::env::split_paths(&dirs).collect()).unwrap_or_default();
            let file = path("SSL_CERT_FILE");
            let named_by = if file.is_some() { "SSL_CERT_FILE" } else { "SSL_CERT_DIR" };
            source(file, dirs, named_by)
        })
        .unwrap_or_else(system)
}

/// Where this system keeps its certificates. One file holds them all where there is one; else the folders.
pub fn system_ca() -> CaSource {
    let found = openssl_probe::probe();
    let dirs = if found.cert_file.is_some() { Vec::new() } else { found.cert_dir };
    CaSource { files: found.cert_file.into_iter().collect(), dirs, named_by: None }
}

/// Where connections' secrets are to be noted.
pub fn key_log(env: Env) -> Option<PathBuf> {
    env("SSLKEYLOGFILE").filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Whether the environment wants colours, by the first that has something to say: `NO_COLOR` (not empty: no),
/// `CLICOLOR_FORCE` (neither empty nor 0: yes), `CLICOLOR` (0: no), a terminal that knows none. None: as the stream is.
/// By no-color.org and bixense.com/clicolors.
pub fn color(env: Env) -> Option<bool> {
    let is_forced = || text(env, "CLICOLOR_FORCE").is_some_and(|value| value != "0");
    let is_off = || text(env, "CLICOLOR").is_some_and(|value| value == "0");
    match () {
        () if text(env, "NO_COLOR").is_some() => Some(false),
        () if is_forced() => Some(true),
        () if is_off() || is_dumb(env) => Some(false),
        () => None,
    }
}

/// A terminal that can neither colour nor move its cursor.
pub fn is_dumb(env: Env) -> bool {
    env("TERM").is_some_and(|term| term == "dumb")
}

/// An empty variable is one that is not set, as in curl.
fn text(env: Env, name: &str) -> Option<String> {
    env(name).filter(|value| !value.is_empty()).map(|value| value.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use gfetch::http::origin::Origin;

    use super::*;

    /// `A=1 B=2` as an environment.
    fn env(text: &'static str) -> impl Fn(&str) -> Option<OsString> {
        move |name| {
            let mut pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
            pairs.find(|(n, _)| *n == name).map(|(_, value)| value.into())
        }
    }

    /// The proxy's host for a URL.
    fn proxy(variables: &'static str, url: &str) -> Option<String> {
        let env = env(variables);
        let rules = ProxyRules { no_proxy: no_proxy(&env), ..proxies(&env).unwrap() };
        let origin = Origin::of(&url::Url::parse(url).unwrap()).unwrap();
        rules.proxy_for(&origin).map(|proxy| proxy.origin().host.to_string())
    }

    #[test]
    fn http_proxy_counts_in_lower_case_only() {
        assert_eq!(proxy("http_proxy=p", "http://a/").as_deref(), Some("p"));
        assert_eq!(proxy("HTTP_PROXY=p", "http://a/"), None);
        assert_eq!(proxy("http_proxy=p", "https://a/"), None);
    }

    #[test]
    fn of_the_others_lower_case_wins() {
        assert_eq!(proxy("HTTPS_PROXY=p https_proxy=q", "https://a/").as_deref(), Some("q"));
        assert_eq!(proxy("HTTPS_PROXY=p", "https://a/").as_deref(), Some("p"));
        assert_eq!(proxy("ALL_PROXY=p", "http://a/").as_deref(), Some("p"));
        assert_eq!(proxy("all_proxy=p NO_PROXY=a no_proxy=b", "http://a/").as_deref(), Some("p"));
        assert_eq!(proxy("all_proxy=p NO_PROXY=a", "http://a/"), None);
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let variables = "https_proxy= HTTPS_PROXY=p no_proxy= NO_PROXY=b";
        assert_eq!(proxy(variables, "https://a/").as_deref(), Some("p"));
        assert_eq!(proxy("https_proxy= all_proxy=", "https://a/"), None);
        assert_eq!(proxy("", "https://a/"), None);
    }

    #[test]
    fn a_variable_that_names_no_proxy_is_named_without_its_value() {
        let error = proxies(&env("all_proxy=ftp://me:hunter2@p")).unwrap_err().to_string();
        assert!(error.starts_with("all_proxy names no proxy: its scheme is none of http"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    fn ca(cacert: Option<&str>, variables: &'static str) -> (Vec<PathBuf>, Vec<PathBuf>, Option<String>) {
        let system = || CaSource { files: vec!["/system".into()], ..CaSource::default() };
        let source = ca_source(cacert.map(Into::into), None, &env(variables), &system);
        (source.files, source.dirs, source.named_by)
    }

    #[test]
    fn certificates_come_from_the_first_that_names_them() {
        let all = "CURL_CA_BUNDLE=/c SSL_CERT_FILE=/f SSL_CERT_DIR=/d:/e";
        let file = |path: &str, by: &str| (vec![path.into()], vec![], Some(by.to_owned()));
        assert_eq!(ca(Some("/o"), all), file("/o", "--cacert"));
        assert_eq!(ca(None, all), file("/c", "CURL_CA_BUNDLE"));
        let dirs = vec!["/d".into(), "/e".into()];
        let both = (vec!["/f".into()], dirs.clone(), Some("SSL_CERT_FILE".to_owned()));
        assert_eq!(ca(None, "CURL_CA_BUNDLE= SSL_CERT_FILE=/f SSL_CERT_DIR=/d:/e"), both);
        assert_eq!(ca(None, "SSL_CERT_DIR=/d:/e"), (vec![], dirs, Some("SSL_CERT_DIR".to_owned())));
        assert_eq!(ca(None, "SSL_CERT_FILE="), (vec!["/system".into()], vec![], None));
    }

    #[test]
    fn the_log_of_keys_is_named_by_its_variable() {
        assert_eq!(key_log(&env("SSLKEYLOGFILE=/keys")), Some("/keys".into()));
        assert_eq!((key_log(&env("SSLKEYLOGFILE=")), key_log(&env(""))), (None, None));
    }

    #[test]
    fn no_color_counts_unless_empty() {
        assert_eq!((color(&env("NO_COLOR=1")), color(&env("TERM=dumb"))), (Some(false), Some(false)));
        assert_eq!((color(&env("NO_COLOR= TERM=xterm")), color(&env("CLICOLOR_FORCE=1"))), (None, Some(true)));
    }
}
