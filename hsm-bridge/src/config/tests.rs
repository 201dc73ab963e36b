use super::*;

const EXAMPLE: &str = include_str!("../../hsm-bridge.example.toml");

#[test]
fn the_example_is_a_valid_configuration() {
    let config = Config::parse(EXAMPLE).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.server.request_timeout, Duration::from_millis(250));
    assert_eq!(config.server.queue, 256);
    let Address::Unix(unix) = &config.sockets[0].at else {
        panic!("TCP is off unless asked for");
    };
    assert_eq!(unix.mode, 0o600);
    assert!(config.sockets[0].refuse_forwarded);
    assert!(!config.server.allow_root);
}

#[test]
fn the_example_shows_every_default_as_it_is() {
    // A commented-out setting shows its default: taking the comment away changes nothing.
    let shown: String = EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix("#: ") {
            Some(setting) => format!("{setting}\n"),
            None => format!("{line}\n"),
        })
        .collect();
    let spelled = Config::parse(&shown).unwrap_or_else(|error| panic!("{error}"));
    let implied = Config::parse(EXAMPLE).unwrap();
    assert_eq!(format!("{spelled:?}"), format!("{implied:?}"));
    assert_ne!(shown, EXAMPLE);
}

#[test]
fn every_fault_is_reported_at_once_with_its_place() {
    let text = r#"
        colour = "blue"
        [server]
        request_timeout_ms = "soon"
        [[token]]
        name = "t"
        module = "/m.so"
        select = { label = "a", slot = 1 }
        pin = { file = "/pin" }
        pins = 1
        [[key]]
        kid = "a/b"
        token = "other"
        purpose = "sign"
        algs = ["ES256", "RSA1_5", "A256KW"]
        [[socket]]
        path = "/s"
        mode = "0666"
        token = {}
        allow = [{ kid = "zzz", ops = ["read"] }]
    "#;
    let places: Vec<String> = Config::parse(text)
        .unwrap_err()
        .0
        .into_iter()
        .map(|fault| fault.at)
        .collect();
    for place in [
        "colour",
        "server.admin_socket",
        "server.request_timeout_ms",
        "token[0].select",
        "token[0].pins",
        "key[0].kid",
        "key[0].algs",
        "key[0].token",
        "socket[0].mode",
        "socket[0].token",
        "socket[0].allow[0].ops",
    ] {
        assert!(
            places.iter().any(|at| at == place),
            "{place} is not among {places:?}"
        );
    }
    assert_eq!(places.iter().filter(|at| *at == "key[0].algs").count(), 2);
}

#[test]
fn an_operation_a_key_is_not_for_is_refused() {
    let text = EXAMPLE.replace(r#"ops = ["unwrap", "public"]"#, r#"ops = ["sign"]"#);
    assert_ne!(text, EXAMPLE);
    let error = Config::parse(&text).unwrap_err();
    assert!(
        error.to_string().contains("the key is for unwrap"),
        "{error}"
    );
}

#[test]
fn what_is_not_toml_says_where() {
    let error = Config::parse("[server\n").unwrap_err();
    assert!(error.to_string().contains("line 1"), "{error}");
}
