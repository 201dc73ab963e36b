//! What only someone who has opened the request can see.

use serde_json::{Value, json};

use super::{Case, Expect, FORBIDDEN, MALFORMED, Sent, UNSUPPORTED, payments};
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
    case(
        "SQL injection in JSON inside a JSON string",
        FORBIDDEN,
        |keys| {
            let inner = json!({ "note": "x' OR '1'='1' -- " }).to_string();
            sealed(keys, json!({ "message": inner }))
        },
    ),
    case(
        "SQL injection in a sealed body in UTF-16",
        FORBIDDEN,
        |keys| {
            payments(keys, |draft| {
                let document = r#"{"note":"x' OR '1'='1' -- "}"#;
                draft.plaintext = document.encode_utf16().flat_map(u16::to_le_bytes).collect();
            })
        },
    ),
    case(
        "SQL injection cut in two by an XML comment",
        FORBIDDEN,
        |keys| {
            text(
                keys,
                "<a>x&#39; OR <!-- -->'1'='1' -- </a>",
                "application/xml",
            )
        },
    ),
    case(
        "SQL injection in the string of a GraphQL document",
        FORBIDDEN,
        |keys| {
            sealed(
                keys,
                json!({ "query": "{ a(b: \"x' OR '1'='1' -- \") { c } }" }),
            )
        },
    ),
    case(
        "SQL injection in the file name of a part",
        FORBIDDEN,
        |keys| text(keys, &part("; filename=\"x' OR '1'='1' -- \""), PARTS),
    ),
    case("a body whose type lies", FORBIDDEN, |keys| {
        text(keys, r#"{"note":"x' OR '1'='1' -- "}"#, "image/png")
    }),
    case("a key that is there twice", MALFORMED, |keys| {
        text(
            keys,
            r#"{"amount":"1.00","amount":"2.00"}"#,
            "application/json",
        )
    }),
    case("parts that parsers split differently", MALFORMED, |keys| {
        text(
            keys,
            &part("").replace("\r\n\r\nv", "\r\n\r\nv--XyZ"),
            PARTS,
        )
    }),
    case("XML that is none", MALFORMED, |keys| {
        text(keys, "<a><b></a>", "application/xml")
    }),
    case(
        "a character set that hides quotes in letters",
        UNSUPPORTED,
        |keys| text(keys, "{}", "application/json; charset=shift_jis"),
    ),
    case("SQL injection in a gzipped hook", FORBIDDEN, |keys| {
        hook(keys, "gzip", GZIPPED_INJECTION)
    }),
    case("a hook that says gzip and is none", MALFORMED, |keys| {
        hook(keys, "gzip", b"{}")
    }),
    case(
        "a hook in a coding that nobody undoes",
        UNSUPPORTED,
        |keys| hook(keys, "compress", b"[]"),
    ),
];

const PARTS: &str = "multipart/form-data; boundary=XyZ";

/// `{"note":"x' OR '1'='1' -- "}` as gzip.
const GZIPPED_INJECTION: &[u8] = &[
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xab, 0x56, 0xca, 0xcb, 0x2f, 0x49,
    0x55, 0xb2, 0x52, 0xaa, 0x50, 0x57, 0xf0, 0x0f, 0x52, 0x50, 0x37, 0x54, 0xb7, 0x05, 0x62, 0x05,
    0x5d, 0x5d, 0x05, 0xa5, 0x5a, 0x00, 0x24, 0xa2, 0x2c, 0xfc, 0x1c, 0x00, 0x00, 0x00,
];

/// A multipart body of one part.
fn part(parameters: &str) -> String {
    format!(
        "--XyZ\r\nContent-Disposition: form-data; name=\"a\"{parameters}\r\n\r\nv\r\n--XyZ--\r\n"
    )
}

/// A signed body that is not sealed, under a content coding.
fn hook(keys: &Keys, coding: &str, body: &[u8]) -> Sent {
    let mut draft = Draft::hook(keys);
    draft.plaintext = body.to_vec();
    let coding = coding.as_bytes().to_vec();
    draft.headers.push(("content-encoding".into(), coding));
    draft.make().into()
}

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
