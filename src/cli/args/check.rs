//! Arguments as typed → a checked [`Invocation`]: what depends on more than one option.

use std::ffi::OsString;
use std::path::PathBuf;

use gfetch::fetch::InFlight;
use gfetch::fetch::plan::{AuthHosts, Bodies, Plan, Stall};
use gfetch::http::Routes;

use super::as_typed::{AsTyped, BodyFile};
use super::bodies;
use super::environment;
use super::own_files::{self, OwnFile};
use super::request;
use super::tls;
use super::told::{self, Told};
use super::transfer;
use super::typed::{ColorArg, Format, Input, ListSource, Only, Output, ProgressArg, Request, Run, Typed};
use super::usage::{UsageError, shown};
use super::who;
use super::world::{Stream, World};
use crate::cli::render::chosen::Chosen;
use crate::cli::render::write_out::Template;

/// What is to be fetched, how, and what is to be told.
#[derive(Debug)]
pub struct Invocation {
    /// What the library is told.
    pub plan: Plan,
    /// URL arguments in the order typed, not looked at: a bad one is its record's failure.
    pub urls: Vec<OsString>,
    /// Whether they are globs.
    pub globs: bool,
    /// Lists, after the URL arguments.
    pub lists: Vec<ListSource>,
    /// Serially and in parallel, and compared.
    pub compare: Option<Compare>,
    /// Nothing is sent: it is told what would be.
    pub only: Option<Only>,
    /// The options themselves.
    pub as_typed: AsTyped,
    /// No URL at all is no error.
    pub allow_empty: bool,
    /// How the report is written.
    pub format: Format,
    /// Which fields records have, where they are JSON or CSV.
    pub fields: Chosen,
    /// What is told of each record in place of text.
    pub write_out: Option<Template>,
    /// The heads of answers stand before their bodies.
    pub show_headers: bool,
    /// Where the report goes: to standard error when bodies take standard output.
    pub report_to: Stream,
    /// Bodies may go to a terminal whatever is in them (`-o -`).
    pub binary_to_terminal: bool,
    /// What is shown while it runs.
    pub progress: Progress,
    /// What is coloured.
    pub color: Color,
    /// No summary, no hints.
    pub silent: bool,
    /// Whole exchanges on standard error.
    pub verbose: bool,
    /// Secrets are printed.
    pub show_secrets: bool,
    /// Names of header fields that are secrets too.
    pub secret_headers: Vec<String>,
    /// Where the heads of the answers go; `-` is standard output.
    pub dump_header: Option<PathBuf>,
    /// Where the HAR goes.
    pub har: Option<PathBuf>,
    /// Where the summary is written at the end; `-` is standard output.
    pub summary_json: Option<PathBuf>,
    /// Where what failed is kept.
    pub save_failed: Option<PathBuf>,
    /// Where what was saved is listed.
    pub manifest: Option<PathBuf>,
    /// Where the page about the run goes.
    pub report: Option<PathBuf>,
    /// The run's record, which says what was done before.
    pub resume: Option<PathBuf>,
    /// Where cookies are written at the end; `-` is standard output.
    pub cookie_jar: Option<PathBuf>,
    /// Files that options name: what a URL or a server names never takes the place of one.
    pub own_files: Vec<OwnFile>,
    /// What the user should know before it begins.
    pub notes: Vec<String>,
}

/// How a comparison is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compare {
    /// So many at once are compared; none: serial and parallel.
    pub widths: Vec<u32>,
    /// Pairs, or rounds of these; none: as many as fit into 20 s, 1 to 6.
    pub runs: Option<u32>,
    /// Warm-up runs.
    pub warmup: u32,
}

/// What is shown on standard error while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A few lines that are drawn anew, and gone at the end.
    Live,
    /// Lines that stay.
    Plain,
    None,
}

/// Which stream is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color {
    pub stdout: bool,
    pub stderr: bool,
}

/// Checks, then reads the files that the arguments name, then makes the plan.
///
/// # Errors
/// What contradicts itself, what is missing, what cannot be read.
pub fn invocation(typed: Typed, world: &World) -> Result<Invocation, UsageError> {
    let Typed { mut plan, input, run, request: mut args, route, output, mut as_typed } = typed;
    something_to_fetch(&input)?;
    request::one_reader_of_stdin(&input, &args, &output)?;
    plan.request.method = request::method(&args)?;
    plan.bodies = bodies::plan(&input, &output)?;
    plan.existing = bodies::existing(&input, &output, &plan)?;
    transfer::check(&input, &args, &plan, &output)?;
    let compare = comparison(&run, &plan, &output, &args)?;
    if compare.as_ref().is_some_and(|compare| !compare.widths.is_empty()) && as_typed.is_by_hand("jobs") {
        return Err(UsageError::new("--compare-jobs says which -j are compared: leave out -j"));
    }
    let only = only(&output, compare.as_ref())?;
    as_typed.body = BodyFile::of(&args).filter(|_| only.is_some());
    plan.connect.routes.proxies = route.rules(world.env)?;
    routes_go_together(&plan.connect.routes)?;
    plan.secrets.hosts = auth_hosts(&args)?;
    plan.connect.tls = tls::plan(std::mem::take(&mut args.tls), world)?;
    // Nothing is sent that it could decrypt, and no file is made.
    plan.connect.tls.key_log.take_if(|_| only.is_some());
    request::fill(&mut args, &mut plan.request, &mut plan.secrets, world)?;
    let mut notes = who::fill(&args.who, &mut plan, world)?;
    let told = told::records(&output, world)?;
    notes.extend(told.notes.iter().cloned());
    let own_files = own_files::check(&input, &plan, &output, &args, told.write_out.as_ref())?;
    secrets_stay_home(&input, &plan, &args)?;
    transfer::fill(&mut args, &mut plan, world)?;
    limits(&mut plan, &run);
    (plan.hash_bodies, plan.ignore_outputs) = (compare.is_some(), compare.is_some());
    told::ask_for(&mut plan, &told, &output);
    plan.request.compressed = args.compressed;
    plan.request.follow = args.follow.unwrap_or_default();
    plan.connect.ca = environment::ca_source(args.cacert, args.capath, world.env, world.system_ca);
    as_typed.netrc_file =
        plan.secrets.netrc.as_ref().and_then(|_| who::netrc_path(&args.who, world)).map(|(path, _)| path);
    as_typed.cookie_files = args.who.cookie_files;
    let (secret_headers, cookie_jar) = (args.secret_headers, args.who.cookie_jar);
    let all = all_told(plan, input, compare, output, told, world);
    Ok(Invocation { secret_headers, cookie_jar, notes, only, as_typed, own_files, ..all })
}

fn something_to_fetch(input: &Input) -> Result<(), UsageError> {
    if input.urls.iter().any(|url| url == "-") {
        return Err(UsageError::new("- is no URL").hint("a list from standard input is -i -"));
    }
    if input.urls.is_empty() && input.lists.is_empty() && !input.allow_empty {
        return Err(UsageError::new("nothing to fetch: no URL and no list (-i FILE)").hint("gfetch --help says more"));
    }
    Ok(())
}

fn comparison(run: &Run, plan: &Plan, output: &Output, args: &Request) -> Result<Option<Compare>, UsageError> {
    if !run.compare {
        let alone = [("--runs", run.runs), ("--warmup", run.warmup)].into_iter().find(|(_, given)| given.is_some());
        return match alone {
            Some((option, _)) => Err(UsageError::new(format!("{option} needs --compare"))),
            None => Ok(None),
        };
    }
    let method = plan.request.method.as_deref().unwrap_or("GET");
    if method != "GET" && method != "HEAD" {
        return Err(UsageError::new(format!(
            "--compare sends every request many times: GET and HEAD only, not {method}"
        )));
    }
    let contradicts = [
        (plan.serial, "--serial"),
        // It is about waiting side by side, and every further thread would begin with names of its own to look up.
        (plan.threads > 1, "--threads"),
        (plan.bodies != Bodies::Count, "--body, -o or -O"),
        (output.save_failed.is_some(), "--save-failed"),
        (output.resume.is_some(), "--resume"),
        (output.summary_json.is_some(), "--summary-json"),
        (output.format == Format::Csv, "--format csv"),
        (output.fields.is_some(), "--fields"),
        (output.write_out.is_some(), "-w"),
        (output.show_headers, "--show-headers"),
        (output.har.is_some(), "--har"),
        (output.verbose, "-v"),
        // Each run begins with the same cookies, so that no single jar is what came of it.
        (args.who.cookie_jar.is_some(), "-c"),
        (output.dump_header.is_some(), "-D"),
        (plan.transfer.resume.is_some(), "-C"),
        (plan.transfer.etag_save.is_some(), "--etag-save"),
        // It ends after the first run with a failure anyway.
        (run.fail_early || run.max_failures.is_some(), "--fail-early or --max-failures"),
    ];
    match contradicts.into_iter().find(|(given, _)| *given) {
        Some((_, option)) => Err(UsageError::new(format!("--compare does not go with {option}"))),
        None => Ok(Some(Compare { widths: run.widths.clone(), runs: run.runs, warmup: run.warmup.unwrap_or(1) })),
    }
}

/// What is told in place of a run, and nothing is sent.
fn only(output: &Output, compare: Option<&Compare>) -> Result<Option<Only>, UsageError> {
    let refused = |text: &str| Err(UsageError::new(text));
    match (output.dry_run, output.to_curl) {
        (true, true) => refused("--dry-run tells what would be done, --to-curl how curl does it: choose one"),
        (false, true) if compare.is_some() => refused("--to-curl does not go with --compare: curl compares nothing"),
        (false, true) if output.format != Format::Text => refused("--to-curl writes lines for a shell: no --format"),
        (true, false) if output.format == Format::Csv => refused("--dry-run is told as text or as JSON: --format json"),
        (true, false) => Ok(Some(Only::Plan)),
        (false, true) => Ok(Some(Only::Curl)),
        (false, false) => Ok(None),
    }
}

/// Of the address behind a Unix socket nothing is known.
fn routes_go_together(routes: &Routes) -> Result<(), UsageError> {
    if routes.block_private && routes.unix_socket.is_some() {
        return Err(UsageError::new("--block-private judges addresses, and --unix-socket has none: choose one"));
    }
    Ok(())
}

fn auth_hosts(args: &Request) -> Result<AuthHosts, UsageError> {
    AuthHosts::parse(args.auth_hosts.iter().map(String::as_str)).map_err(|bad| {
        UsageError::new(format!("--auth-host takes HOST[:PORT], '*.example.org' or '*', not '{}'", shown(&bad.0)))
    })
}

/// A list may name any host, so that it must be said which of them may see a secret.
fn secrets_stay_home(input: &Input, plan: &Plan, args: &Request) -> Result<(), UsageError> {
    let secrets = &plan.secrets;
    let identity = plan.connect.tls.identity.as_ref();
    if input.lists.is_empty() || (secrets.is_empty() && identity.is_none()) || !secrets.hosts.is_empty() {
        return Ok(());
    }
    let what = match secrets.headers.first() {
        _ if secrets.login.is_some() => "-u".to_owned(),
        Some((_, value)) if args.who.bearer.is_some() && value.starts_with("Bearer ") => "--oauth2-bearer".to_owned(),
        Some((name, _)) if !args.who.cookies.is_empty() && name == "Cookie" => "-b NAME=VALUE".to_owned(),
        Some((name, _)) => format!("-H {}", shown(name)),
        None if identity.is_some() => "-E".to_owned(),
        None => String::new(),
    };
    Err(UsageError::new(format!("{what} is a secret, and a list may name any host: with -i it needs --auth-host"))
        .hint("--auth-host HOST[:PORT], '*.example.org', or '*' for every host; it goes nowhere else"))
}

fn limits(plan: &mut Plan, run: &Run) {
    if plan.bodies != Bodies::Count && !run.max_time_given {
        plan.limits.max_time = None;
    }
    plan.limits.stall = stall(run);
    // Both given: the stricter one.
    let first = run.fail_early.then_some(0);
    plan.max_failures = first.into_iter().chain(run.max_failures).min();
}

/// curl's rules: -y alone means 1 byte a second, -Y alone 30 seconds, a zero in either never.
fn stall(run: &Run) -> Option<Stall> {
    let unasked = Stall::default();
    if run.speed_time.is_none() && run.speed_limit.is_none() {
        return Some(unasked);
    }
    let time = run.speed_time.unwrap_or(Some(unasked.time))?;
    let min_bytes_per_s = run.speed_limit.unwrap_or(unasked.min_bytes_per_s);
    (min_bytes_per_s > 0).then_some(Stall { time, min_bytes_per_s, given: true })
}

fn all_told(
    mut plan: Plan,
    input: Input,
    compare: Option<Compare>,
    output: Output,
    told: Told,
    world: &World,
) -> Invocation {
    let bodies_take_stdout = match &plan.bodies {
        Bodies::Print => true,
        Bodies::Save(save) => save.templates.iter().any(|template| template == "-"),
        Bodies::Count => false,
    };
    let heads_take_stdout = output.dump_header.as_ref().is_some_and(|path| path.as_os_str() == "-");
    let Told { fields, write_out, notes: _ } = told;
    let writes_between = write_out.as_ref().is_some_and(Template::names_stdout);
    plan.hold_bodies = heads_take_stdout || output.show_headers || writes_between;
    let progress = progress(&output, world);
    plan.watch = (progress != Progress::None).then(InFlight::default);
    Invocation {
        globs: !input.globoff,
        urls: input.urls,
        lists: input.lists,
        compare,
        only: None,
        as_typed: AsTyped::default(),
        allow_empty: input.allow_empty,
        format: output.format,
        fields,
        write_out,
        show_headers: output.show_headers,
        report_to: if bodies_take_stdout || heads_take_stdout { Stream::Stderr } else { Stream::Stdout },
        binary_to_terminal: output.templates.iter().any(|template| template == "-"),
        progress,
        color: color(output.color, world),
        silent: output.silent,
        verbose: output.verbose,
        show_secrets: output.show_secrets,
        secret_headers: Vec::new(),
        cookie_jar: None,
        notes: Vec::new(),
        own_files: Vec::new(),
        dump_header: output.dump_header,
        har: output.har,
        summary_json: output.summary_json,
        save_failed: output.save_failed,
        report: output.report,
        resume: output.resume,
        manifest: output.manifest,
        plan,
    }
}

fn progress(output: &Output, world: &World) -> Progress {
    let bodies = output.body || output.show_headers || output.templates.iter().any(|template| template == "-");
    let prints = bodies || output.write_out.is_some();
    match output.progress {
        _ if output.silent => Progress::None,
        // It would wipe away what has no last newline: the end of a body, or of what -w makes.
        ProgressArg::Auto if prints && (world.is_terminal)(Stream::Stdout) => Progress::None,
        ProgressArg::Auto if (world.is_terminal)(Stream::Stderr) => match environment::is_dumb(world.env) {
            true => Progress::Plain,
            false => Progress::Live,
        },
        ProgressArg::Auto | ProgressArg::None => Progress::None,
        ProgressArg::Plain => Progress::Plain,
    }
}

/// `--color` as asked for; by itself as the environment says, and else a terminal is coloured.
pub(super) fn color(asked: ColorArg, world: &World) -> Color {
    let colored = |stream| match asked {
        ColorArg::Always => true,
        ColorArg::Never => false,
        ColorArg::Auto => environment::color(world.env).unwrap_or_else(|| (world.is_terminal)(stream)),
    };
    Color { stdout: colored(Stream::Stdout), stderr: colored(Stream::Stderr) }
}
