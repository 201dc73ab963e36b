//! What only someone who has opened the request can see.

use serde_json::{Value, json};

use super::{Case, Expect, FORBIDDEN, MALFORMED, Sent, payments};
use crate::draft::Draft;
use crate::keys::Keys;

pub(super) const CASES: &[Case] = &[
    case(
        "SQL injection in a value inside the ciphertext",
        FORBIDDEN,
        |keys| sealed(keys, json!({ "note": "x' OR '1'='1' -- " })),
    ),
    case(
        "SQL injection deep inside the ciphertext",
        FORBIDDEN,
        |keys| {
            sealed(
                keys,
                json!({ "a": [{ "b": { "c": ["1 UNION SELECT password FROM users--"] } }] }),
            )
        },
    ),
    case(
        "SQL injection in a key inside the ciphertext",
        FORBIDDEN,
        |keys| sealed(keys, json!({ "x' OR '1'='1' -- ": 1 })),
    ),
    case(
        "SQL injection behind JSON escapes inside the ciphertext",
        FORBIDDEN,
        |keys| {
            text(
                keys,
                r#"{"note":"x\u0027 OR \u00271\u0027=\u00271\u0027 -- "}"#,
                "application/json",
            )
        },
    ),
    case(
        "SQL injection behind percent encoding inside the ciphertext",
        FORBIDDEN,
        |keys| {
            sealed(
                keys,
                json!({ "note": "x%27%20OR%20%271%27%3D%271%27%20--%20" }),
            )
        },
    ),
    case("a script inside the ciphertext", FORBIDDEN, |keys| {
        sealed(keys, json!({ "note": "<script>alert(1)</script>" }))
    }),
    case(
        "a script in an event handler inside the ciphertext",
        FORBIDDEN,
        |keys| sealed(keys, json!({ "note": "<img src=x onerror=alert(1)>" })),
    ),
    case("SQL injection in a sealed form field", FORBIDDEN, |keys| {
        text(
            keys,
            "note=x%27+OR+%271%27%3D%271%27+--+&amount=1",
            "application/x-www-form-urlencoded",
        )
    }),
    case("SQL injection in a raw sealed body", FORBIDDEN, |keys| {
        let mut draft = Draft::raw(keys);
        draft.plaintext = br#"{"note":"x' OR '1'='1' -- "}"#.to_vec();
        draft.make().into()
    }),
    case("SQL injection in a hook", FORBIDDEN, |keys| {
        let mut draft = Draft::hook(keys);
        draft.plaintext = br#"{"note":"x' OR '1'='1' -- "}"#.to_vec();
        draft.make().into()
    }),
    case("SQL injection in the signed query", FORBIDDEN, |keys| {
        payments(keys, |draft| {
            draft.target = "/payments/42?to=x%27%20OR%20%271%27%3D%271%27%20--%20".into();
        })
    }),
    case("SQL injection in a path segment", FORBIDDEN, |keys| {
        payments(keys, |draft| {
            draft.target = "/payments/x%27%20OR%20%271%27%3D%271%27%20--%20".into();
        })
    }),
    case("a script in the user agent", FORBIDDEN, |keys| {
        payments(keys, |draft| {
            draft.headers = vec![("user-agent".into(), b"<script>alert(1)</script>".to_vec())];
        })
    }),
    case("SQL injection in a cookie", FORBIDDEN, |keys| {
        payments(keys, |draft| {
            draft
                .headers
                .push(("cookie".into(), b"session=x' OR '1'='1' -- ".to_vec()));
        })
    }),
    case(
        "SQL injection in a claim of the encrypted token",
        FORBIDDEN,
        |keys| {
            payments(keys, |draft| {
                draft.token().claims["note"] = json!("x' OR '1'='1' -- ")
            })
        },
    ),
    case(
        "a sealed body that is not the JSON it claims to be",
        MALFORMED,
        |keys| text(keys, r#"{"amount":"#, "application/json"),
    ),
    case(
        "a sealed body nested deeper than allowed",
        MALFORMED,
        |keys| {
            text(
                keys,
                &format!("{}1{}", "[".repeat(200), "]".repeat(200)),
                "application/json",
            )
        },
    ),
];

const fn case(name: &'static str, expect: Expect, make: fn(&Keys) -> Sent) -> Case {
    Case { name, make, expect }
}

fn sealed(keys: &Keys, plaintext: Value) -> Sent {
    text(keys, &plaintext.to_string(), "application/json")
}

fn text(keys: &Keys, plaintext: &str, content_type: &str) -> Sent {
    payments(keys, |draft| {
        draft.plaintext = plaintext.as_bytes().to_vec();
        draft.content_type = content_type.to_owned();
    })
}
