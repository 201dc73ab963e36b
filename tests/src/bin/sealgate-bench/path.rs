//! The whole path: a client with a certificate, real Envoy with the shipped bootstrap (TLS 1.3 + mTLS,
//! one worker), an upstream that only counts behind it.
//!
//! All sides run at the same time and are loaded in turn. Sealed requests are unique and made before
//! their round. The CPU time of the Envoy process per request is the steadiest figure: it does not
//! count waiting, neither for the load generator nor for other work of the machine.

mod cases;
mod processor;
mod upstream;

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::load::{self, Load, Repeat};
use crate::plan::Plan;
use crate::report::{Rounds, Table, cell, figure, size};
use cases::{Case, Site};

/// Plaintext bytes of the bodies.
const SIZES: [usize; 2] = [1 << 10, 64 << 10];
/// Connections: one shows what a request costs in time, sixteen what the gate can carry.
const CONNECTIONS: [usize; 2] = [1, 16];
/// Bytes of sealed requests that are made for one round, at most.
const ROUND_BYTES: usize = 192 << 20;
/// Requests of the first, guessing call that finds a case's rate.
const PROBE: usize = 60;

/// Measures, prints, and gives the figures.
///
/// # Errors
/// A server does not start, or an answer is not 2xx.
pub(crate) fn measure(plan: &Plan) -> anyhow::Result<Value> {
    let site = Site::start()?;
    let mut rows = Vec::new();
    for bytes in SIZES {
        for connections in CONNECTIONS {
            rows.extend(table(plan, &site, bytes, connections)?);
        }
    }
    println!("\n  no filter and empty filter get the requests of `local keys`.");
    for case in Case::ALL {
        println!("  {}: {}", case.title(), case.meaning());
    }
    Ok(rows.into())
}

#[derive(Default)]
struct Series {
    requests: usize,
    rate: Rounds,
    p50: Rounds,
    p99: Rounds,
    processor: Rounds,
}

fn table(plan: &Plan, site: &Site, bytes: usize, connections: usize) -> anyhow::Result<Vec<Value>> {
    let title = format!(
        "Envoy, 1 worker, TLS 1.3 + mTLS; {} bodies, {connections} connection(s)",
        size(bytes)
    );
    let table = Table::start(
        &title,
        &[
            ("case", 14),
            ("req/s", 8),
            ("p50 ms", 8),
            ("p99 ms", 8),
            ("ratio", 7),
            ("CPU us/req", 11),
            ("added us", 9),
        ],
    );
    let mut counts = BTreeMap::new();
    for case in Case::ALL {
        counts.insert(case, warm_up(plan, site, case, bytes, connections)?);
    }
    let mut series: BTreeMap<Case, Series> = BTreeMap::new();
    for _ in 0..plan.rounds {
        for case in Case::ALL {
            let count = counts.get(&case).copied().unwrap_or(PROBE);
            let (load, processor) =
                round(plan, site, case, bytes, connections, count).with_context(|| case.title())?;
            let series = series.entry(case).or_default();
            series.requests += load.requests();
            series.rate.push(load.rate());
            series.p50.push(load.percentile_ms(0.5));
            series.p99.push(load.percentile_ms(0.99));
            series.processor.push(processor);
        }
    }
    let base = &series[&Case::NoFilter];
    let mut rows = Vec::new();
    for (case, row) in &series {
        let ratio = row.rate.ratio_to(&base.rate);
        let added = row.processor.above(&base.processor);
        table.line([
            case.title().to_owned(),
            cell(row.rate.median(), 0),
            cell(row.p50.median(), 2),
            cell(row.p99.median(), 2),
            cell(ratio, 3),
            cell(row.processor.median(), 0),
            cell(added, 0),
        ]);
        rows.push(json!({
            "case": case.name(),
            "body_bytes": bytes,
            "connections": connections,
            "requests": row.requests,
            "requests_per_second": row.rate.json(),
            "p50_ms": figure(row.p50.median()),
            "p99_ms": figure(row.p99.median()),
            "rate_to_no_filter": figure(ratio),
            "p50_above_no_filter_ms": figure(row.p50.above(&base.p50)),
            "envoy_cpu_us_per_request": figure(row.processor.median()),
            "envoy_cpu_us_above_no_filter": figure(added),
        }));
    }
    Ok(rows)
}

/// Runs a case until its code is compiled and hot; gives the requests that fill one round.
fn warm_up(
    plan: &Plan,
    site: &Site,
    case: Case,
    bytes: usize,
    connections: usize,
) -> anyhow::Result<usize> {
    let probe = site.requests(case, bytes, plan.warm_up_requests.max(PROBE));
    let request_bytes = probe.first().map_or(1, Vec::len);
    send(site, case, connections, probe, Repeat::Once)?;
    let probe = site.requests(case, bytes, PROBE);
    let load = send(site, case, connections, probe, Repeat::Once)?;
    let wanted = load.rate() * plan.load.as_secs_f64();
    Ok((wanted as usize).clamp(PROBE, (ROUND_BYTES / request_bytes).max(PROBE)))
}

/// One round; also gives the microseconds of processor time that Envoy took for a request.
fn round(
    plan: &Plan,
    site: &Site,
    case: Case,
    bytes: usize,
    connections: usize,
    count: usize,
) -> anyhow::Result<(Load, f64)> {
    let (requests, repeat) = if case.is_guarded() {
        (site.requests(case, bytes, count), Repeat::Once)
    } else {
        (site.requests(case, bytes, PROBE), Repeat::For(plan.load))
    };
    let envoy = site.envoy(case).id();
    let before = processor::microseconds(envoy);
    let load = send(site, case, connections, requests, repeat)?;
    let spent = match (before, processor::microseconds(envoy)) {
        (Some(before), Some(after)) => (after - before) / load.requests().max(1) as f64,
        _ => f64::NAN,
    };
    Ok((load, spent))
}

/// Sends requests, each of which must be answered with 2xx and have reached the upstream.
fn send(
    site: &Site,
    case: Case,
    connections: usize,
    requests: Vec<Vec<u8>>,
    repeat: Repeat,
) -> anyhow::Result<Load> {
    let before = site.upstream.seen();
    let load = load::run(&site.target(case), connections, requests, repeat)
        .with_context(|| case.title())?;
    let arrived = site.upstream.seen() - before;
    ensure!(
        arrived == load.requests() as u64,
        "{}: {arrived} of {} requests reached the upstream",
        case.title(),
        load.requests()
    );
    Ok(load)
}
