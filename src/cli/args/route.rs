//! `-x -U --noproxy --socks5-hostname` and the environment → the proxies of a run.

use std::sync::Arc;

use gfetch::http::auth::Login;
use gfetch::http::proxy::{Proxy, ProxyKind, ProxyRules};
use percent_encoding::percent_decode_str;

use super::environment::{self, Env};
use super::option::{Refusal, Value};
use super::usage::UsageError;

/// What `-x` takes.
const PROXY: &str =
    "[SCHEME://][USER:PASSWORD@]HOST[:PORT], the scheme http, https, socks4, socks4a, socks5 or socks5h";

/// What was typed about proxies.
#[derive(Default)]
pub struct RouteArgs {
    /// `-x`, `--socks5-hostname`; the inner none is an empty one: no proxy, whatever the environment says.
    proxy: Option<Option<Proxy>>,
    /// `-U`.
    login: Option<Login>,
    /// `--noproxy`.
    no_proxy: Option<String>,
}

impl RouteArgs {
    /// `-x` and its like; `kind` is what a value without a scheme means. The value may hold a password, and is not shown.
    pub fn set_proxy(&mut self, value: Value<'_>, kind: ProxyKind) -> Result<(), Refusal> {
        let refused = |why: &dyn std::fmt::Display| Refusal::TakesInstead(format!("{PROXY}: {why}"));
        let text = value.0.to_str().ok_or_else(|| refused(&"it is not UTF-8"))?;
        let parse = || Proxy::parse(text, kind).map_err(|bad| refused(&bad));
        self.proxy = Some(if text.is_empty() { None } else { Some(parse()?) });
        Ok(())
    }

    /// `-U`, percent-decoded as in curl.
    pub fn set_login(&mut self, value: Value<'_>) -> Result<(), Refusal> {
        let pair = value.0.to_str().and_then(|text| text.split_once(':'));
        let Some((user, password)) = pair else {
            let takes = "USER:PASSWORD ('USER:' for an empty password; nothing is asked for)";
            return Err(Refusal::TakesInstead(takes.into()));
        };
        let decoded = |text| percent_decode_str(text).collect();
        self.login = Some(Login { user: decoded(user), password: decoded(password) });
        Ok(())
    }

    /// `--noproxy`.
    pub fn set_no_proxy(&mut self, value: Value<'_>) -> Result<(), Refusal> {
        self.no_proxy = Some(value.text()?.to_owned());
        Ok(())
    }

    /// The proxies of the run: what was typed wins over the environment.
    ///
    /// # Errors
    /// A variable whose value is no proxy.
    pub fn rules(self, env: Env) -> Result<ProxyRules, UsageError> {
        let mut rules = match self.proxy {
            Some(Some(proxy)) => ProxyRules::all(proxy),
            Some(None) => ProxyRules::default(),
            None => environment::proxies(env)?,
        };
        if let Some(login) = &self.login {
            for proxy in [&mut rules.http, &mut rules.https, &mut rules.all].into_iter().flatten() {
                *proxy = Arc::new(Proxy::clone(proxy).or_login(login));
            }
        }
        rules.no_proxy = self.no_proxy.unwrap_or_else(|| environment::no_proxy(env));
        Ok(rules)
    }
}
