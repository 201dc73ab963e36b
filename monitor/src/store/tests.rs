use super::*;

fn round(at: Millis, value: f64) -> Round {
    let reading = |signal, name, value| Reading {
        signal,
        labels: Labels::new([(name, "x")]),
        value,
    };
    Round {
        at,
        sources: vec![SourceRound {
            source: "gw".to_owned(),
            role: Role::Gateway,
            reach: Reach::Up,
            span_seconds: 5.0,
            flows: vec![reading(Signal::Verdict, "policy", value)],
            levels: vec![reading(Signal::KeyEnds, "key", value)],
        }],
    }
}

/// Flow and level of each slot.
fn values(store: &Store, resolution: usize) -> Vec<(Millis, f64, f64)> {
    let rounds = store.rounds(resolution, 0).expect("rounds");
    rounds
        .iter()
        .map(|round| {
            let source = &round.sources[0];
            (round.at, source.flows[0].value, source.levels[0].value)
        })
        .collect()
}

#[test]
fn flows_of_a_slot_are_summed_and_the_last_level_counts() {
    let mut store = Store::in_memory().expect("a store");
    for (at, value) in [(0, 1.0), (5_000, 2.0), (10_000, 4.0), (15_000, 8.0)] {
        store.add(&round(at, value)).expect("added");
    }
    assert_eq!(values(&store, 0), [(0, 3.0, 2.0), (10_000, 12.0, 8.0)]);
    assert_eq!(values(&store, 1), [(0, 15.0, 8.0)]);
}

#[test]
fn a_crash_costs_no_more_than_the_open_short_slot() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history.redb");
    let mut store = Store::open(&path).expect("a store");
    for at in 0..5 {
        store.add(&round(at * 5_000, 1.0)).expect("added");
    }
    // The process ends here, without flush: a copy of the file is what the disk has.
    let copy = folder.path().join("copy.redb");
    std::fs::copy(&path, &copy).expect("a copy");
    let mut after = Store::open(&copy).expect("opens");
    assert_eq!(
        values(&after, 0),
        [(0, 2.0, 1.0), (10_000, 2.0, 1.0), (20_000, 1.0, 1.0)]
    );
    // The open minute goes on where it was.
    after.add(&round(25_000, 1.0)).expect("added");
    assert_eq!(values(&after, 1), [(0, 6.0, 1.0)]);
}

#[test]
fn each_length_keeps_its_number_of_slots_and_no_more() {
    let mut store = Store::in_memory().expect("a store");
    let (length, kept) = RESOLUTIONS[0];
    for slot in 0..kept as i64 + 50 {
        store.add(&round(slot * length, 1.0)).expect("added");
    }
    let left = values(&store, 0);
    assert_eq!(left.len() as u64, kept);
    assert_eq!(left[0].0, 50 * length);
}

#[test]
fn a_flood_of_series_is_bounded() {
    let mut store = Store::in_memory().expect("a store");
    let mut flood = round(0, 1.0);
    let source = &mut flood.sources[0];
    source.flows = (0..3 * MAX_SERIES_PER_SLOT)
        .map(|key| Reading {
            signal: Signal::KeyFailure,
            labels: Labels::new([("key", key.to_string().as_str())]),
            value: 1.0,
        })
        .collect();
    store.add(&flood).expect("added");
    let rounds = store.rounds(0, 0).expect("rounds");
    assert_eq!(rounds[0].sources[0].flows.len(), MAX_SERIES_PER_SLOT);
}

#[test]
fn series_that_no_slot_has_lose_their_number_at_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history.redb");
    let mut store = Store::open(&path).expect("a store");
    store.add(&round(0, 1.0)).expect("added");
    let years_later = 100_000 * RESOLUTIONS[2].0;
    let mut later = round(years_later, 1.0);
    later.sources[0].source = "other".to_owned();
    store.add(&later).expect("added");
    drop(store);
    let store = Store::open(&path).expect("opens");
    let sources: BTreeSet<&str> = store
        .names
        .values()
        .map(|one| one.source.as_str())
        .collect();
    assert_eq!(sources, BTreeSet::from(["other"]));
}

#[test]
fn a_file_of_something_else_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history.redb");
    std::fs::write(&path, "not a database").expect("written");
    assert!(Store::open(&path).is_err());
}
