//! Is every byte judged? Answers of success on the proxy's public side against verdicts that let
//! something through; and the share of requests that went through open routes.

use std::collections::HashMap;

use super::Detector;
use super::window::Window;
use crate::baseline::ShareBaseline;
use crate::finding::{Finding, Notice, Severity};
use crate::round::{Labels, Reading, Role, Round, Signal, SourceRound};

/// Seconds that are looked at together: requests in flight must not matter.
const WINDOW_SECONDS: i64 = 60;
/// Successes beyond the verdicts that may be in flight.
const IN_FLIGHT: f64 = 6.0;
/// The same as a share of all successes.
const IN_FLIGHT_SHARE: f64 = 0.05;
/// Successes that are enough to say something while the window is not full yet.
const MANY: f64 = 40.0;

/// The detector.
#[derive(Default)]
pub(super) struct Bypass {
    gateways: HashMap<String, Gateway>,
}

struct Gateway {
    /// Successes, verdicts that let through, of which open, verdicts in all.
    recent: Window<[f64; 4]>,
    open: ShareBaseline,
}

impl Detector for Bypass {
    fn look(&mut self, round: &Round) -> Vec<Notice> {
        let mut notices = Vec::new();
        for source in round.of(Role::Gateway) {
            if source.span_seconds <= 0.0 {
                continue;
            }
            let gateway = self.gateways.entry(source.source.clone());
            let gateway = gateway.or_insert_with(|| Gateway {
                recent: Window::new(WINDOW_SECONDS),
                open: ShareBaseline::default(),
            });
            notices.extend(gateway.look(round.at, source));
        }
        notices
    }
}

impl Gateway {
    fn look(&mut self, at: i64, source: &SourceRound) -> Vec<Notice> {
        let successes: f64 = source
            .flows_of(Signal::Succeeded)
            .map(|one| one.value)
            .sum();
        let sum = |accept: fn(&Reading) -> bool| -> f64 {
            let verdicts = source.flows_of(Signal::Verdict);
            verdicts
                .filter(|one| accept(one))
                .map(|one| one.value)
                .sum()
        };
        let outcome = |one: &Reading| one.labels.or_dash("outcome") != "refused";
        let let_through = sum(outcome);
        let open = sum(|one| one.labels.get("outcome") == Some("open"));
        let all = sum(|_| true);
        let sums = [successes, let_through, open, all];
        for (span, [_, _, open, all]) in self.recent.push(at, source.span_seconds, sums) {
            self.open.learn(open, all, span);
        }
        let [successes, let_through, open, all] = self.recent.sum();
        let mut notices = Vec::new();
        let unjudged = successes - let_through;
        let settled = self.recent.span() >= WINDOW_SECONDS as f64 * 0.8 || successes >= MANY;
        if settled && unjudged > IN_FLIGHT.max(IN_FLIGHT_SHARE * successes) {
            notices.push(Notice {
                finding: Finding::GateBypassed,
                severity: Severity::Critical,
                subject: Labels::new([("gateway", source.source.as_str())]),
                seen: format!(
                    "{successes:.0} requests succeeded in {:.0} s, and the gate let {let_through:.0} through: \
                     nobody judged {unjudged:.0}",
                    self.recent.span()
                ),
                baseline: "every success has a verdict, but for a handful in flight".to_owned(),
                fits: "The module is not in the path: a route or listener without the filter, the filter \
                       disabled on a route, or a failure policy that lets traffic through."
                    .to_owned(),
                remedy: "Compare the running configuration (/config_dump on the admin port) with the one \
                         in your repository; `sealgate check` says what a policy covers."
                    .to_owned(),
            });
        }
        notices.extend(self.open_routes(source, open, all));
        notices
    }

    fn open_routes(&self, source: &SourceRound, open: f64, all: f64) -> Option<Notice> {
        let usual = self.open.share();
        let limit = (6.0 * self.open.deviation(all)).max(0.15);
        let share = if all > 0.0 { open / all } else { 0.0 };
        (self.open.whole() >= 200.0 && all >= 30.0 && share - usual > limit).then(|| Notice {
            finding: Finding::OpenRoutes,
            severity: Severity::Warning,
            subject: Labels::new([("gateway", source.source.as_str())]),
            seen: format!("{:.0} % of the requests went through open routes", share * 100.0),
            baseline: format!("usually {:.0} %", usual * 100.0),
            fits: "A route was opened by mistake, or somebody drives traffic at one that is open on purpose."
                .to_owned(),
            remedy: "`sealgate check` lists the open routes of a policy; compare it with the one before."
                .to_owned(),
        })
    }
}
