//! Every labelled scenario, with one seed; `examples/measure.rs` has twenty, and days of normal load.

use sealgate_monitor::generate::Attack;
use sealgate_monitor::generate::measure::{Rehearsal, false_alerts, score};
use sealgate_monitor::{Finding, Severity};

#[test]
fn every_attack_is_found_in_time_and_nothing_else_is() {
    for attack in Attack::ALL {
        let score = score(attack, 41..42);
        assert_eq!(score.found, 1, "{attack:?}: {score:?}");
        assert_eq!(score.wrong, [], "{attack:?}");
    }
}

#[test]
fn ten_minutes_of_mixed_normal_load_raise_nothing() {
    for seed in 200..212 {
        assert_eq!(false_alerts(seed, 1.0 / 6.0), [], "seed {seed}");
    }
}

/// An alert is about the attack that is there: it names key and figures, and ends with it.
#[test]
fn an_alert_names_its_key_and_ends_when_the_attack_does() {
    let mut rehearsal = Rehearsal::new(7, 2.0);
    assert_eq!(rehearsal.run(None, 600.0), []);
    rehearsal.run(Some(Attack::SignatureStuffing), 60.0);
    let open = rehearsal.monitor().ledger().open();
    let notice = &open.first().expect("an alert").notice;
    assert_eq!(notice.subject.get("key"), Some("partner-a-mac"));
    assert!(notice.severity >= Severity::Warning);
    assert!(
        notice.seen.contains("signature-mismatch"),
        "{}",
        notice.seen
    );
    assert!(notice.baseline.contains("usually"), "{}", notice.baseline);
    assert_eq!(rehearsal.run(None, 240.0), []);
    assert!(rehearsal.monitor().ledger().open().is_empty());
    assert_eq!(rehearsal.monitor().ledger().closed().count(), 1);
}

/// An attack that goes on for more than an hour becomes what is usual, told of once; and does not hide
/// another one.
#[test]
fn a_site_with_many_failures_has_a_higher_bar_but_has_one() {
    let mut rehearsal = Rehearsal::new(9, 3.0);
    assert_eq!(rehearsal.run(None, 600.0), []);
    let begun = rehearsal.run(Some(Attack::StaleReplay), 2.5 * 3_600.0);
    let of = |finding| begun.iter().filter(|one| one.1 == finding).count();
    // Once, and perhaps once more as critical.
    assert!((1..=2).contains(&of(Finding::StaleMessages)), "{begun:?}");
    assert!(
        begun
            .iter()
            .all(|one| [Finding::StaleMessages, Finding::GatewayDiffers].contains(&one.1))
    );
    let later = rehearsal.run(Some(Attack::DecryptionOracle), 60.0);
    assert!(
        later.iter().any(|one| one.1 == Finding::DecryptionOracle),
        "{later:?}"
    );
}
