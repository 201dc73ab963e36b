//! Alertmanager's v2 API: `POST /api/v2/alerts`.
//!
//! Alertmanager knows an alert by its labels, and forgets one that is not sent again. All that hold
//! are sent every time, with an end a few minutes ahead; one that ended is sent with its end.

use std::time::Duration;

use serde_json::{Value, json};

use crate::ledger::Alert;
use crate::round::Millis;
use crate::time::rfc3339;

/// How long an alert lives at Alertmanager when this monitor dies.
const OUTLIVES: Duration = Duration::from_secs(240);

/// The body for these alerts.
#[must_use]
pub fn post_body(alerts: &[&Alert], page: Option<&str>, now: Millis) -> Vec<u8> {
    let all: Vec<Value> = alerts.iter().map(|alert| one(alert, page, now)).collect();
    Value::from(all).to_string().into_bytes()
}

fn one(alert: &Alert, page: Option<&str>, now: Millis) -> Value {
    let notice = &alert.notice;
    // Its severity is no label: an alert that gets worse would be another one.
    let mut labels = serde_json::Map::new();
    for (name, value) in notice.subject.pairs() {
        labels.insert(name.to_owned(), value.into());
    }
    labels.insert("alertname".into(), notice.finding.code().into());
    labels.insert("service".into(), "sealgate".into());
    let outlives = i64::try_from(OUTLIVES.as_millis()).unwrap_or(i64::MAX);
    let ends = alert.ended.unwrap_or(now.saturating_add(outlives));
    let mut body = json!({
        "labels": labels,
        "annotations": {
            "summary": format!("{}: {}", notice.finding.title(), notice.seen),
            "severity": notice.severity.name(),
            "seen": notice.seen,
            "baseline": notice.baseline,
            "fits": notice.fits,
            "remedy": notice.remedy,
        },
        "startsAt": rfc3339(alert.since),
        "endsAt": rfc3339(ends),
    });
    // With a path: its validation takes `host#fragment` for a host.
    if let (Some(page), Some(body)) = (page, body.as_object_mut()) {
        body.insert(
            "generatorURL".into(),
            format!("{}/#alert-{}", page.trim_end_matches('/'), alert.id).into(),
        );
    }
    body
}
