//! Arguments as typed: what has no dependency on another option goes straight into the plan, the rest waits here.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::as_typed::AsTyped;
use super::route::RouteArgs;
use gfetch::fetch::plan::{Follow, Plan};

use super::tls::TlsArgs;

/// Arguments as typed, defaults where nothing was.
#[derive(Default)]
pub struct Typed {
    pub plan: Plan,
    pub input: Input,
    pub run: Run,
    pub request: Request,
    pub route: RouteArgs,
    pub output: Output,
    pub as_typed: AsTyped,
}

/// What is fetched.
#[derive(Default)]
pub struct Input {
    /// Positional arguments and `--url`, in the order typed.
    pub urls: Vec<OsString>,
    pub lists: Vec<ListSource>,
    pub globoff: bool,
    pub allow_empty: bool,
}

/// A list of URLs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListSource {
    /// `-i -`
    Stdin,
    /// `-i urls.txt`
    File(PathBuf),
}

impl ListSource {
    /// The file, where it has a name.
    pub fn path(&self) -> Option<&Path> {
        match self {
            ListSource::Stdin => None,
            ListSource::File(path) => Some(path),
        }
    }
}

/// How it runs, as far as it depends on more than one option.
#[derive(Default)]
pub struct Run {
    pub compare: bool,
    /// `--compare-jobs`
    pub widths: Vec<u32>,
    pub runs: Option<u32>,
    pub warmup: Option<u32>,
    pub max_time_given: bool,
    pub speed_time: Option<Option<Duration>>,
    pub speed_limit: Option<u64>,
    pub fail_early: bool,
    pub max_failures: Option<u64>,
}

/// The request, before files are read.
#[derive(Default)]
pub struct Request {
    pub method: Option<String>,
    pub head: bool,
    pub headers: Vec<HeaderArg>,
    pub data: Vec<DataArg>,
    /// `--json` was among them: its media type is said.
    pub json: bool,
    /// The data go into the query.
    pub get: bool,
    /// `--url-query`
    pub query: Vec<DataArg>,
    pub user_agent: Option<String>,
    pub referer: Option<String>,
    pub follow: Option<Follow>,
    pub compressed: Option<bool>,
    pub who: Who,
    /// `-z`, and whether it had a `-` before it.
    pub time_condition: Option<(OsString, bool)>,
    pub etag_compare: Option<PathBuf>,
    pub secret_headers: Vec<String>,
    pub auth_hosts: Vec<String>,
    pub cacert: Option<PathBuf>,
    pub capath: Option<PathBuf>,
    pub tls: TlsArgs,
}

/// Who asks, before files are read.
#[derive(Default)]
pub struct Who {
    /// As typed, with or without a password.
    pub user: Option<String>,
    pub basic: bool,
    pub digest: bool,
    pub any: bool,
    pub bearer: Option<String>,
    pub netrc: bool,
    pub netrc_file: Option<PathBuf>,
    pub netrc_optional: bool,
    /// `-b NAME=VALUE`, in the order typed.
    pub cookies: Vec<String>,
    /// `-b FILE`; an empty name is no file.
    pub cookie_files: Vec<PathBuf>,
    pub cookie_jar: Option<PathBuf>,
}

/// One `-H`.
pub enum HeaderArg {
    Line(String),
    /// `-H @FILE`: one a line; `-` is standard input.
    File(PathBuf),
}

/// One `-d` or its like.
pub enum DataArg {
    Bytes(Vec<u8>),
    /// `-d @FILE`: carriage returns, line feeds and NULs are dropped, as curl does.
    TextFile(PathBuf),
    /// `--data-binary @FILE`: as it is.
    BinaryFile(PathBuf),
    /// `--json`: joined to what stands before it by nothing.
    Json(Vec<u8>),
    JsonFile(PathBuf),
    /// `--data-urlencode name@FILE`
    EncodedFile {
        name: Vec<u8>,
        path: PathBuf,
    },
}

/// What comes out, and how.
#[derive(Default)]
pub struct Output {
    pub body: bool,
    /// `-o`, in the order typed.
    pub templates: Vec<String>,
    pub remote_name: bool,
    pub dir: Option<PathBuf>,
    pub create_dirs: bool,
    pub no_clobber: bool,
    pub skip_existing: bool,
    pub manifest: Option<PathBuf>,
    pub save_failed: Option<PathBuf>,
    /// `--report`
    pub report: Option<PathBuf>,
    pub resume: Option<PathBuf>,
    pub dry_run: bool,
    pub to_curl: bool,
    /// `-` is standard output.
    pub summary_json: Option<PathBuf>,
    /// `-D`; `-` is standard output.
    pub dump_header: Option<PathBuf>,
    pub format: Format,
    pub fields: Option<String>,
    pub max_body: Option<usize>,
    pub write_out: Option<WriteOut>,
    pub show_headers: bool,
    pub har: Option<PathBuf>,
    pub progress: ProgressArg,
    pub color: ColorArg,
    pub silent: bool,
    pub verbose: bool,
    pub show_secrets: bool,
}

/// `--format`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Text,
    Json,
    Csv,
}

/// `-w`
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteOut {
    Text(String),
    /// `-w @FILE`; `-` is standard input.
    File(PathBuf),
}

/// What is told in place of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// `--dry-run`: what would be done.
    Plan,
    /// `--to-curl`: the same for curl to do.
    Curl,
}

/// `--progress`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProgressArg {
    #[default]
    Auto,
    Plain,
    None,
}

/// `--color`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorArg {
    #[default]
    Auto,
    Always,
    Never,
}
