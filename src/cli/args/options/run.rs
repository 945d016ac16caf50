//! How it runs: how much at once, for how long, and what failures do.

use std::num::NonZeroUsize;
use std::time::Duration;

use gfetch::fetch::plan::{Grace, Order};
use gfetch::green;

use crate::cli::args::option::{Opt, Refusal, Shown, Value};
use crate::cli::units;

/// As many greenlets as the runtime promises to hold at once.
const MAX_JOBS: u64 = 1_000_000;
/// More than any machine has cores for.
const MAX_THREADS: u64 = 1024;
/// Above it a count is a slip of the finger.
const MAX_COUNT: u64 = u32::MAX as u64;
/// More pairs than this say nothing new and take an hour.
const MAX_RUNS: u64 = 1000;
/// More widths than this are not told apart by anybody.
const MAX_WIDTHS: usize = 16;
/// curl's own, which `--connect-timeout 0` stands for.
const CURLS_CONNECT_TIMEOUT: Duration = Duration::from_secs(300);

pub const SPEED: &[Opt] = &[
    Opt::value("jobs", "N", "Requests at once (default 64)", |t, v| {
        t.plan.jobs = v.count(1, MAX_JOBS)? as usize;
        Ok(())
    })
    .short('j')
    .aliases(&["parallel-max"])
    .shown(Shown::Always)
    .more("It never changes --per-host."),
    Opt::value("per-host", "N", "Requests at once to one origin (default 10; 0: no limit)", |t, v| {
        t.plan.per_host = NonZeroUsize::new(v.count(0, MAX_JOBS)? as usize);
        Ok(())
    })
    .aliases(&["parallel-max-host"])
    .shown(Shown::Always)
    .more("An origin is scheme, host and port. A redirect queues at its new origin."),
    Opt::value("threads", "N|auto", "OS threads that fetch, sharing one list (default 1; auto: the cores)", |t, v| {
        t.plan.threads = threads(v)?;
        Ok(())
    })
    .more(
        "Each has an event loop and connections of its own; order, limits and totals stay the same. Worth it where one core \
         is not enough: TLS, compressed bodies, very many small answers.",
    ),
    Opt::flag("serial", "One after another", |t| t.plan.serial = true).shown(Shown::Always),
    Opt::flag("compare", "Fetch it serially and in parallel, by turns, and compare", |t| t.run.compare = true)
        .shown(Shown::Always)
        .more("GET and HEAD only. Every body is read and hashed in all runs, connections are closed before each."),
    Opt::value("compare-jobs", "LIST", "Compare several -j instead: 1,4,16,64", |t, v| {
        t.run.widths = v.parsed(widths, "different numbers of requests at once, the least first, as in 1,4,16,64")?;
        t.run.compare = true;
        Ok(())
    })
    .more("In rounds whose order rotates. Each is compared with the first, and the least that is enough is named. 1: one after another. No -j beside it."),
    Opt::value("runs", "N", "With --compare: so many pairs (default: as fit into 20 s, 1 to 6)", |t, v| {
        t.run.runs = Some(v.count(1, MAX_RUNS)? as u32);
        Ok(())
    }),
    Opt::value("warmup", "N", "With --compare: so many warm-up runs (default 1)", |t, v| {
        t.run.warmup = Some(v.count(0, MAX_RUNS)? as u32);
        Ok(())
    }),
    Opt::flag("unordered", "Print each result as it finishes, not in input order", |t| {
        t.plan.order = Order::Completion
    })
    .shown(Shown::Always),
    Opt::value("rate", "N/U", "So many request starts a second, minute or hour: 10/s, 5/15s, 3/h", |t, v| {
        t.plan.rate = Some(v.parsed(units::rate, units::RATE)?);
        Ok(())
    })
    .more("For the whole run, retries and redirects counted, evenly spaced."),
    Opt::value("max-time", "S", "Seconds for one request, redirects included (default 300)", |t, v| {
        t.plan.limits.max_time = v.seconds_or_none()?;
        t.run.max_time_given = true;
        Ok(())
    })
    .short('m')
    .shown(Shown::Always)
    .more("Each retry has its own. There is no limit by default when bodies are saved or printed. 0: no limit."),
    Opt::value("connect-timeout", "S", "Seconds for name look-up, connect and TLS (default 10)", |t, v| {
        t.plan.limits.connect_timeout = v.seconds_or_none()?.unwrap_or(CURLS_CONNECT_TIMEOUT);
        Ok(())
    })
    .more("0 is curl's own limit, 300."),
    Opt::value("speed-time", "S", "End a transfer slower than -Y for so many seconds (with -Y: 30)", |t, v| {
        t.run.speed_time = Some(v.seconds_or_none()?);
        Ok(())
    })
    .short('y')
    .more("Without -y and -Y a body that brings nothing for 30 s ends."),
    Opt::value("speed-limit", "B", "Bytes a second for -y (with -y: 1)", |t, v| {
        t.run.speed_limit = Some(v.parsed(units::size, units::SIZE)?);
        Ok(())
    })
    .short('Y'),
    Opt::value("limit-rate", "B", "Bytes a second for one request's bodies: 500000, 200k, 3M", |t, v| {
        t.plan.limits.rate = Some(v.parsed(units::size, units::SIZE)?).filter(|rate| *rate > 0);
        Ok(())
    })
    .more("In each direction, as in curl."),
    Opt::value("limit-rate-total", "B", "The same for all requests together", |t, v| {
        t.plan.limits.rate_total = Some(v.parsed(units::size, units::SIZE)?).filter(|rate| *rate > 0);
        Ok(())
    }),
    Opt::value("deadline", "S", "Seconds for the whole run", |t, v| {
        t.plan.deadline = v.seconds_or_none()?;
        Ok(())
    }),
    Opt::value("grace", "S", "Seconds for what still runs after the first Ctrl-C (default 5)", |t, v| {
        t.plan.grace = Grace::new(seconds_from_zero(v)?);
        Ok(())
    })
    .more("SIGTERM and SIGHUP leave 2 at most."),
];

pub const FAILURES: &[Opt] = &[
    Opt::switch("fail", "A status of 400 or above is a failure (--no-fail: it is not)", |t, on| {
        t.plan.fail_on_status = on;
    })
    .short('f'),
    Opt::value("retry", "N", "Try again up to N times what may pass: time-outs, 408, 429, 5xx", |t, v| {
        t.plan.retry.retries = v.count(0, MAX_COUNT)? as u32;
        Ok(())
    })
    .shown(Shown::Always)
    .more(
        "As in curl. A POST or PATCH only where the server cannot have acted, unless --retry-all-errors. When more than 10 \
         URLs of one origin need retries, these get 100 together, and one more for each answer and each tenth of a second.",
    ),
    Opt::value("retry-delay", "S", "Seconds before each retry (default, and 0: back-off)", |t, v| {
        t.plan.retry.delay = v.seconds_or_none()?;
        Ok(())
    }),
    Opt::value("retry-max-time", "S", "No retry later than this after the first attempt (0: no limit)", |t, v| {
        t.plan.retry.max_time = v.seconds_or_none()?;
        Ok(())
    }),
    Opt::flag("retry-all-errors", "Every failure is worth a retry", |t| t.plan.retry.all_errors = true),
    Opt::flag("retry-connrefused", "So is a refused connection", |t| t.plan.retry.connrefused = true),
    Opt::value("retry-after-max", "S", "The longest Retry-After that is obeyed (default 60)", |t, v| {
        t.plan.retry.retry_after_max = seconds_from_zero(v)?;
        Ok(())
    })
    .more("It holds back the whole origin; a longer one is that URL's failure at once."),
    Opt::value("give-up-host", "N", "Skip a host after N connect failures in a row (default 10; 0: never)", |t, v| {
        t.plan.give_up_host = v.count(0, MAX_COUNT)? as u32;
        Ok(())
    }),
    Opt::flag("fail-early", "Stop at the first failure, as the first Ctrl-C does", |t| t.run.fail_early = true),
    Opt::value("max-failures", "N", "Stop after more than N failures", |t, v| {
        t.run.max_failures = Some(v.count(0, u64::MAX)?);
        Ok(())
    }),
    Opt::value("save-failed", "FILE", "Keep what failed as a list that -i takes", |t, v| {
        t.output.save_failed = Some(v.file_not_stdout()?);
        Ok(())
    })
    .more("Each line as it was read, below a comment with its reason; written at the end, mode 0600."),
    Opt::value("resume", "FILE", "The run's record: what it has as done is not fetched again", |t, v| {
        t.output.resume = Some(v.file_not_stdout()?);
        Ok(())
    })
    .more(
        "Made if absent, mode 0600. The same command goes on where the last one ended, whatever ended it, until it ends \
         with 0: failures are fetched again, files under way go on where they broke off. A line counts as done once its \
         file is in place, or its report written. A line is known by its text (and its file), not by its number.",
    ),
];

/// At least two, rising, each as `-j` takes it.
fn widths(text: &str) -> Option<Vec<u32>> {
    let widths: Vec<u32> =
        text.split(',').map(|width| units::count(width, 1, MAX_JOBS).map(|jobs| jobs as u32)).collect::<Option<_>>()?;
    let fine = (2..=MAX_WIDTHS).contains(&widths.len()) && widths.is_sorted_by(|one, other| one < other);
    fine.then_some(widths)
}

/// Seconds where 0 is no time at all.
fn seconds_from_zero(v: Value<'_>) -> Result<Duration, Refusal> {
    v.parsed(units::seconds, "seconds, as in 30 or 0.5")
}

/// `auto`: as many as the cores that this process may use.
fn threads(value: Value<'_>) -> Result<usize, Refusal> {
    let parse = |text: &str| match text {
        "auto" => Some(green::threads::cores() as u64),
        number => units::count(number, 1, MAX_THREADS),
    };
    Ok(value.parsed(parse, &format!("a whole number from 1 to {MAX_THREADS}, or auto"))? as usize)
}
