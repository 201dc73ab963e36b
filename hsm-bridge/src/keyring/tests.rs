use super::*;

fn ring(dir: &tempfile::TempDir) -> Keyring {
    let keys = [("gw", "gw-label"), ("mac", "mac")];
    Keyring::open(keys.into_iter(), Some(&dir.path().join("journal"))).unwrap()
}

#[test]
fn a_rotation_survives_a_restart_and_old_versions_still_open() {
    let dir = tempfile::tempdir().unwrap();
    let keys = ring(&dir);
    assert_eq!(keys.current("gw").unwrap().number, 1);
    let new = keys.add("gw", "gw-label#2", "f2").unwrap();
    assert_eq!((new.number, new.state), (2, State::PreActive));
    assert_eq!(keys.opening("gw").len(), 1, "not in use yet");
    keys.put("gw", 2, State::Active, None).unwrap();
    for keys in [keys, ring(&dir)] {
        assert_eq!(keys.current("gw").unwrap().number, 2);
        let opening: Vec<u32> = keys.opening("gw").iter().map(|v| v.number).collect();
        assert_eq!(opening, [2, 1]);
        assert_eq!(keys.current("mac").unwrap().number, 1);
    }
    let keys = ring(&dir);
    keys.put("gw", 1, State::Disabled, None).unwrap();
    assert!(!keys.still_opens("gw", 1) && keys.still_opens("gw", 2));
    assert!(!ring(&dir).still_opens("gw", 1));
}

#[test]
fn nothing_is_destroyed_that_was_not_disabled_and_scheduled() {
    let dir = tempfile::tempdir().unwrap();
    let keys = ring(&dir);
    for to in [State::Scheduled, State::Destroyed, State::PreActive] {
        assert!(matches!(
            keys.put("gw", 1, to, None),
            Err(Refused::State { .. })
        ));
    }
    keys.put("gw", 1, State::Disabled, None).unwrap();
    keys.put("gw", 1, State::Scheduled, Some(100)).unwrap();
    assert_eq!(keys.due(99), []);
    assert_eq!(keys.due(100).len(), 1);
    keys.put("gw", 1, State::Disabled, None).unwrap();
    assert_eq!(keys.due(100), [], "cancelled");
    keys.put("gw", 1, State::Scheduled, Some(100)).unwrap();
    keys.put("gw", 1, State::Destroyed, None).unwrap();
    for to in [State::Active, State::Retired, State::Disabled] {
        assert!(keys.put("gw", 1, to, None).is_err());
    }
    assert_eq!(
        keys.add("gw", "gw-label#2", "f").unwrap().number,
        2,
        "a number is used once"
    );
}

#[test]
fn a_journal_that_was_changed_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let keys = ring(&dir);
    keys.put("gw", 1, State::Disabled, None).unwrap();
    let path = dir.path().join("journal");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("disabled", "active")).unwrap();
    let keys = [("gw", "gw-label")];
    assert!(Keyring::open(keys.into_iter(), Some(&path)).is_err());
}

#[test]
fn without_a_journal_nothing_changes() {
    let keys = Keyring::open([("gw", "gw")].into_iter(), None).unwrap();
    assert!(keys.put("gw", 1, State::Disabled, None).is_err());
    assert!(keys.still_opens("gw", 1));
}

#[test]
fn a_version_is_written_in_one_way() {
    assert_eq!(split("gw#2"), Some(("gw", 2)));
    assert_eq!(split("a#b#3"), Some(("a#b", 3)));
    for other in [
        "gw",
        "gw#",
        "gw#02",
        "gw#0",
        "gw#+2",
        "gw#4294967296",
        "gw#x",
    ] {
        assert_eq!(split(other), None, "{other}");
    }
}
