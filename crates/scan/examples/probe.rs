//! Not committed: prints what is missed of attacks (`class<TAB>value` or JSON lines) and stopped of bodies.
use sealgate_scan::{Class, Limits, Report, ScanPolicy, Scanner, extract};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn scanned(f: &dyn Fn(&mut Scanner)) -> Report {
    let mut s = Scanner::new(&ScanPolicy::default());
    f(&mut s);
    s.finish()
}
fn body(ct: &str, b: &str) -> Result<Report, String> {
    let mut s = Scanner::new(&ScanPolicy::default());
    match extract::body(
        ct.as_bytes(),
        b.as_bytes(),
        &Limits {
            duplicate_keys: true,
            ..Limits::default()
        },
        &mut s,
    ) {
        Ok(_) => Ok(s.finish()),
        Err(e) => Err(e.to_string()),
    }
}
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    for pair in args.chunks(2) {
        let text = std::fs::read_to_string(&pair[1]).unwrap();
        let mut all = BTreeMap::<String, [u32; 2]>::new();
        for (n, line) in text.lines().filter(|l: &&str| !l.is_empty()).enumerate() {
            let row: Value = if line.starts_with('{') && pair[0] != "--texts" {
                serde_json::from_str(line).unwrap()
            } else if pair[0] == "--texts" {
                json!({"value": line})
            } else {
                let (c, v) = line.split_once('\t').unwrap_or(("?", line));
                json!({"class": c, "value": v.replace("\\r", "\r").replace("\\n", "\n")})
            };
            if pair[0] == "--attacks" {
                let v = row["value"].as_str().unwrap();
                let c = row["class"].as_str().unwrap();
                let enc: String = v.bytes().map(|b| format!("%{b:02X}")).collect();
                let p = format!("v={enc}");
                let leaf = json!({"v": v}).to_string();
                let reports = [
                    body("application/json", &leaf),
                    Ok(scanned(&|s| extract::query(p.as_bytes(), s))),
                    body("application/x-www-form-urlencoded", &p),
                ];
                let hit = |r: &Result<Report, String>| r.as_ref().map_or(true, |r| !r.is_clean());
                let e = all.entry(c.to_owned()).or_default();
                e[0] += 1;
                if reports.iter().all(hit) {
                    e[1] += 1;
                    let right = reports.iter().any(|r| {
                        r.as_ref().is_ok_and(|r| {
                            r.findings
                                .iter()
                                .any(|f| Some(f.class) == Class::from_name(c))
                        })
                    });
                    if !right && std::env::var("WRONG").is_ok() {
                        println!("other {} {c}: {v}", n + 1);
                    }
                } else {
                    let missed: Vec<_> = ["leaf", "query", "form"]
                        .iter()
                        .zip(&reports)
                        .filter(|(_, r)| !hit(r))
                        .map(|(n, _)| *n)
                        .collect();
                    let low: Vec<String> = Class::ALL
                        .into_iter()
                        .filter_map(|k| {
                            let s = reports[0].as_ref().ok()?.score(k);
                            (s > 0).then(|| format!("{k}={s}"))
                        })
                        .collect();
                    println!(
                        "MISS {} {c} ({}) [{}]: {v:?}",
                        n + 1,
                        missed.join(","),
                        low.join(" ")
                    );
                }
            } else {
                let bodies = if pair[0] == "--texts" {
                    (
                        "application/json".to_owned(),
                        json!({"v": row["value"]}).to_string(),
                    )
                } else {
                    (
                        row["content_type"].as_str().unwrap().to_owned(),
                        row["body"].as_str().unwrap().to_owned(),
                    )
                };
                let e = all.entry("bodies".into()).or_default();
                e[0] += 1;
                match body(&bodies.0, &bodies.1) {
                    Ok(r) if r.is_clean() => {}
                    Ok(r) => {
                        e[1] += 1;
                        println!(
                            "STOP {} {} {}\n    {}",
                            n + 1,
                            bodies.0,
                            bodies.1,
                            r.findings
                                .iter()
                                .map(|f| format!(
                                    "{}:{}@{} {} {}+{}",
                                    f.class, f.detector, f.location, f.score, f.offset, f.length
                                ))
                                .collect::<Vec<_>>()
                                .join("; ")
                        );
                    }
                    Err(x) => {
                        e[1] += 1;
                        println!("ERR {} {} {} {x}", n + 1, bodies.0, bodies.1);
                    }
                }
            }
        }
        let avg = all
            .values()
            .map(|[a, b]| f64::from(*b) / f64::from(*a))
            .sum::<f64>()
            / all.len().max(1) as f64;
        let (a, b) = all.values().fold((0, 0), |(x, y), [a, b]| (x + a, y + b));
        println!(
            "{}: {b} of {a} hit = {:.2} %; classes {:.2} %; {all:?}",
            pair[1],
            100.0 * f64::from(b) / f64::from(a),
            100.0 * avg
        );
    }
}
