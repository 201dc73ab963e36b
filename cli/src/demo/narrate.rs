//! Telling the story: sends each request, judges the verdict, draws the table.

use std::path::Path;

use anstream::println;
use anyhow::Result;
use serde_json::Value;

use super::certificates::Certificates;
use super::story::{Must, ORDER, Scene};
use super::upstream::{Seen, Upstream};
use crate::http::{self, Route};
use crate::print::{BAD, DIM, GOOD, NAME};

/// How long the upstream is watched after an answer.
const SETTLE: std::time::Duration = std::time::Duration::from_millis(30);

/// The key exchange both gates must choose with a client that offers it.
const HYBRID: &str = "X25519MLKEM768";

/// Everything a scene is played with.
pub(crate) struct Stage<'a> {
    pub(crate) certificates: &'a Certificates,
    pub(crate) upstream: &'a Upstream,
    /// The gate's log, which holds the reasons.
    pub(crate) log: &'a Path,
}

struct Verdict {
    right: bool,
    answer: String,
    /// What the upstream saw, in full.
    upstream: String,
    /// The same in a word.
    summary: &'static str,
    /// From the gate's log.
    reason: String,
}

impl Stage<'_> {
    /// Plays all scenes; `true` when every verdict was the right one.
    ///
    /// # Errors
    /// When a scene cannot be played at all.
    pub(crate) async fn play(&self, scenes: Vec<Scene>) -> Result<bool> {
        let mut rows = vec![Row {
            style: DIM,
            cells: [
                "",
                "request",
                "verdict",
                "reason (in the log only)",
                "what the upstream saw",
            ]
            .map(Into::into),
        }];
        let mut wrong = 0_usize;
        for (number, scene) in (1..).zip(scenes) {
            println!(
                "{NAME}{number:>2}  {}{NAME:#}: {}",
                scene.title, scene.detail
            );
            let title = scene.title;
            let verdict = self.scene(scene).await?;
            let (style, word) = if verdict.right {
                (GOOD, "right")
            } else {
                (BAD, "WRONG")
            };
            println!(
                "    {style}{word}{style:#}: {}, upstream saw {}",
                verdict.answer, verdict.upstream
            );
            if !verdict.right {
                wrong += 1;
            }
            rows.push(Row {
                style,
                cells: [
                    if verdict.right { "ok" } else { "WRONG" }.to_owned(),
                    title.to_owned(),
                    verdict.answer,
                    verdict.reason,
                    verdict.summary.to_owned(),
                ],
            });
        }
        draw(&rows);
        Ok(wrong == 0)
    }

    async fn scene(&self, scene: Scene) -> Result<Verdict> {
        let must = scene.must;
        let before = self.upstream.bytes();
        let logged = log_length(self.log);
        let route = Route {
            tls: Some(self.certificates.client(scene.who).client()?),
            ..Route::default()
        };
        let answer = http::send(&route, scene.request).await;
        // A leak may come after the answer: the upstream is asked once the log line is there.
        let reason = match must {
            Must::Refuse(_) => reason(self.log, logged).await,
            Must::Pass | Must::NoHandshake => String::new(),
        };
        tokio::time::sleep(SETTLE).await;
        let seen = self.upstream.take_seen();
        let bytes = self.upstream.bytes() - before;
        let (upstream, summary) = match seen.as_slice() {
            [] if bytes == 0 => ("nothing, 0 bytes".to_owned(), "nothing"),
            [] => (format!("{bytes} bytes and no request"), "bytes!"),
            requests => (
                requests.iter().map(told).collect::<Vec<_>>().join("; "),
                if is_clean(&seen) {
                    "the plaintext, from alice"
                } else {
                    "something else!"
                },
            ),
        };
        let (right, answer) = match (must, answer) {
            (Must::NoHandshake, Err(error)) => {
                // Refused by TLS, not merely unreachable.
                let told = format!("{error:#}");
                (
                    bytes == 0 && told.contains("alert"),
                    format!("no connection ({})", shortest(&error)),
                )
            }
            (Must::NoHandshake, Ok(answer)) => (false, format!("{}", answer.status)),
            (_, Err(error)) => (false, format!("no answer: {error:#}")),
            (Must::Pass, Ok(answer)) => (
                answer.status == 200 && is_clean(&seen) && answer.group.as_deref() == Some(HYBRID),
                format!(
                    "{} over {}",
                    answer.status,
                    answer.group.unwrap_or_default()
                ),
            ),
            (Must::Refuse(status), Ok(answer)) => (
                answer.status == status && bytes == 0 && seen.is_empty(),
                format!("{} {}", answer.status, problem(&answer.body)),
            ),
        };
        Ok(Verdict {
            right,
            answer,
            upstream,
            summary,
            reason,
        })
    }
}

/// A line of the closing table; the style is that of its first cell.
struct Row {
    style: anstyle::Style,
    cells: [String; 5],
}

/// Draws the table; the last column is as wide as it is.
fn draw(rows: &[Row]) {
    let mut widths = [0; 5];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(&row.cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    println!();
    for Row {
        style,
        cells: [mark, request, verdict, reason, upstream],
    } in rows
    {
        let [mark_width, request_width, verdict_width, reason_width, _] = widths;
        println!(
            "{style}{mark:mark_width$}{style:#}  {request:request_width$}  {verdict:verdict_width$}  \
             {reason:reason_width$}  {upstream}"
        );
    }
    println!();
}

/// The upstream got the plaintext, the proven identity and nothing of the sealing.
fn is_clean(seen: &[Seen]) -> bool {
    let [seen] = seen else { return false };
    seen.body == ORDER.as_bytes()
        && seen.header("x-sub").as_deref() == Some("alice")
        && seen.header("content-type").as_deref() == Some("application/json")
        && [
            "authorization",
            "signature",
            "signature-input",
            "content-digest",
        ]
        .iter()
        .all(|name| seen.header(name).is_none())
}

fn told(seen: &Seen) -> String {
    format!(
        "{} {} x-sub={} {}",
        seen.method,
        seen.target,
        seen.header("x-sub").unwrap_or_default(),
        String::from_utf8_lossy(&seen.body)
    )
}

/// The class of a problem answer (RFC 9457).
fn problem(body: &[u8]) -> String {
    let class = serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|problem| {
            Some(
                problem
                    .get("type")?
                    .as_str()?
                    .rsplit(':')
                    .next()?
                    .to_owned(),
            )
        });
    class.unwrap_or_else(|| String::from_utf8_lossy(body).trim().to_owned())
}

fn shortest(error: &anyhow::Error) -> String {
    format!("{:#}", error.root_cause())
        .chars()
        .take(60)
        .collect()
}

fn log_length(log: &Path) -> usize {
    std::fs::metadata(log).map_or(0, |file| usize::try_from(file.len()).unwrap_or(usize::MAX))
}

/// The reason in the log line that appeared since `from`; a refused request has exactly one.
async fn reason(log: &Path, from: usize) -> String {
    for _ in 0..10 {
        let text = std::fs::read(log).unwrap_or_default();
        let fresh = String::from_utf8_lossy(text.get(from..).unwrap_or_default()).into_owned();
        let found = fresh.lines().find_map(|line| {
            // Hosts put words of their own around the module's JSON.
            let json = line.get(line.find('{')?..)?;
            let mut values = serde_json::Deserializer::from_str(json).into_iter::<Value>();
            let line = values.next()?.ok()?;
            let refused = line.get("sealgate")?.as_str()? == "refused";
            refused.then(|| line.get("reason")?.as_str().map(Into::into))?
        });
        if let Some(reason) = found {
            return reason;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    String::new()
}
