//! The comparison as a JSON object.

use gfetch::fetch::compare::{
    Bound, Comparison, Difference, Listed, Measured, Side, Spread, Trouble, Verdict, Width, Widths,
};

use super::Redact;
use super::compare::what_went_wrong;
use super::object::{Object, object};
use super::units::{micros, push_seconds};

/// Appends `{"comparison":{…}}` and a line end. Runs that are not comparable have no figures, only `not_comparable`.
pub fn json(out: &mut Vec<u8>, comparison: &Comparison, redact: Redact) {
    object(out, |json| json.object("comparison", |json| fields(json, comparison, redact)));
    out.push(b'\n');
}

fn fields(json: &mut Object<'_>, comparison: &Comparison, redact: Redact) {
    let size = &comparison.size;
    json.number("urls", size.urls as u64);
    json.number("hosts", size.hosts as u64);
    json.number("requests", size.requests());
    json.number("warm_ups", size.warm_ups as u64);
    json.number(if size.widths == 0 { "pairs" } else { "rounds" }, size.pairs as u64);
    match &comparison.verdict {
        Verdict::NotComparable(troubles) => {
            json.bool("comparable", false);
            json.number("troubles", troubles.total as u64);
            json.array("not_comparable", &troubles.first, |out, trouble| {
                object(out, |json| trouble_fields(json, trouble, redact));
            });
        }
        Verdict::Measured(measured) => {
            json.bool("comparable", true);
            measured_fields(json, measured, redact);
        }
        Verdict::Widths(widths) => {
            json.bool("comparable", true);
            widths_fields(json, widths, redact);
        }
    }
}

fn trouble_fields(json: &mut Object<'_>, trouble: &Trouble, redact: Redact) {
    json.string("url", &redact(&trouble.url));
    json.string("what", &what_went_wrong(&trouble.why));
    json.number("runs", trouble.runs as u64);
    json.number("of", trouble.of as u64);
}

fn measured_fields(json: &mut Object<'_>, measured: &Measured, redact: Redact) {
    body_fields(json, measured.bytes, &measured.differing, redact);
    json.object("serial", |json| side_fields(json, &measured.serial));
    json.object("parallel", |json| side_fields(json, &measured.parallel));
    json.bool("difference_shown", measured.shows_a_difference());
    json.object("speed_up", |json| spread_fields(json, measured.speed_up));
    json.ratio("possible", measured.possible);
    json.object("bound", |json| bound_fields(json, &measured.bound, redact));
    json.number_or_null("jobs_enough", measured.jobs_enough.map(u64::from));
    json.object("request_growth", |json| spread_fields(json, measured.growth));
    json.bool("requests_grew", measured.requests_grew());
}

fn widths_fields(json: &mut Object<'_>, widths: &Widths, redact: Redact) {
    body_fields(json, widths.bytes, &widths.differing, redact);
    json.array("widths", &widths.widths, |out, width| object(out, |json| width_fields(json, width)));
    match &widths.bound {
        Some(bound) => json.object("bound", |json| bound_fields(json, bound, redact)),
        None => json.null("bound"),
    }
    json.number("jobs_enough", widths.jobs_enough.into());
}

fn width_fields(json: &mut Object<'_>, width: &Width) {
    json.number("jobs", width.jobs.into());
    side_fields(json, &width.side);
    json.object("speed_up", |json| spread_fields(json, width.speed_up));
    match width.possible {
        Some(possible) => json.ratio("possible", possible),
        None => json.null("possible"),
    }
    json.object("request_growth", |json| spread_fields(json, width.growth));
    json.bool("requests_grew", width.requests_grew());
}

fn body_fields(json: &mut Object<'_>, bytes: u64, differing: &Listed<Difference>, redact: Redact) {
    json.number("bytes", bytes);
    json.bool("same_bodies", differing.total == 0);
    json.number("differing", differing.total as u64);
    json.array("differing_bodies", &differing.first, |out, difference| {
        object(out, |json| {
            json.string("url", &redact(&difference.url));
            json.number("shortest", difference.shortest);
            json.number("longest", difference.longest);
        });
    });
}

fn spread_fields(json: &mut Object<'_>, spread: Spread<f64>) {
    json.ratio("median", spread.median);
    json.ratio("low", spread.low);
    json.ratio("high", spread.high);
}

fn side_fields(json: &mut Object<'_>, side: &Side) {
    json.seconds("median", side.elapsed.median);
    json.seconds("low", side.elapsed.low);
    json.seconds("high", side.elapsed.high);
    json.array("runs", &side.runs, |out, &time| push_seconds(out, micros(time)));
    json.seconds("request_median", side.request);
    json.object("shares", |json| {
        json.ratio("dns", side.shares.dns);
        json.ratio("connect", side.shares.connect);
        match side.shares.tls {
            Some(tls) => json.ratio("tls", tls),
            None => json.null("tls"),
        }
        json.ratio("wait", side.shares.wait);
        json.ratio("receive", side.shares.receive);
    });
    json.ratio("busy", side.busy);
}

fn bound_fields(json: &mut Object<'_>, bound: &Bound, redact: Redact) {
    match bound {
        Bound::OneUrl { url, time } => {
            json.plain("by", "one_url");
            json.string("url", &redact(url));
            json.seconds("time", *time);
        }
        Bound::Jobs { limit, work } => {
            json.plain("by", "jobs");
            json.number("limit", (*limit).into());
            json.seconds("work", *work);
        }
        Bound::PerHost { origin, host, limit, work } => {
            json.plain("by", "per_host");
            host.iter().for_each(|host| json.string("host", host));
            json.string("origin", origin);
            json.number("limit", (*limit).into());
            json.seconds("work", *work);
        }
        Bound::Rate { host, rate, starts, time } => {
            json.plain("by", "rate");
            host.iter().for_each(|host| json.string("host", host));
            json.plain("limit", rate);
            json.number("starts", *starts);
            json.seconds("time", *time);
        }
    }
}
