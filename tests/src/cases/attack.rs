//! The worst of the attacks on JOSE, by their rows in docs/jose.md; those that the engine's suite has, too
//! (`crates/engine/tests/attacks`), here through a whole host and a real key service.

use josekit::jws::{self, ES256, JwsHeader};
use serde_json::{Value, json};

use super::token::{bearer, header};
use super::{Case, Sent, UNAUTHENTICATED, payments};
use crate::draft::claims;
use crate::keys::Keys;
use crate::makers::{base64url, from_base64url, josekit as maker, with_header};

pub(super) const CASES: &[Case] = &[
    attack(
        "A6: claims signed with a key that the header brings",
        |keys| {
            let attacker = maker::p256();
            inside(keys, |header| {
                header.set_jwk(attacker.to_jwk_public_key());
                attacker.to_jwk_private_key()
            })
        },
    ),
    attack("A7: claims whose header says where their key is", |keys| {
        inside(keys, |header| {
            header.set_jwk_set_url("http://169.254.169.254/jwks.json");
            keys.idp.to_jwk_private_key()
        })
    }),
    attack("A8: a key id that is a path", |keys| {
        kid(keys, |kid| format!("../keys/{kid}"))
    }),
    attack("A8: a key id that is a PKCS#11 URI", |keys| {
        kid(keys, |kid| {
            format!("pkcs11:object={kid};type=private?pin-value=1234")
        })
    }),
    attack("A8: a key id that would start a header line", |keys| {
        kid(keys, |kid| format!("{kid}\r\nx-admin: 1"))
    }),
    attack("A10: a password with two billion rounds", |keys| {
        bearer(keys, |token| {
            with_header(token, |header| {
                header["alg"] = json!("PBES2-HS256+A128KW");
                header["p2s"] = json!("AAAAAAAAAAA");
                header["p2c"] = json!(2_147_483_647_u32);
            })
        })
    }),
    attack("A13: an ephemeral key that is not on its curve", |keys| {
        bearer(keys, |token| {
            with_header(token, |header| {
                let x = maker::public(&keys.idp)["x"].clone();
                header["alg"] = json!("ECDH-ES+A256KW");
                header["epk"] = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": x });
            })
        })
    }),
    attack("A16: a tag of 12 bytes", |keys| {
        part(keys, 4, |tag| tag.truncate(12))
    }),
    attack("A17: an initialization vector of 16 bytes", |keys| {
        part(keys, 2, |iv| iv.extend([0; 4]))
    }),
    attack("A22: an encrypted key that does not unwrap", |keys| {
        part(keys, 1, |key| key[0] ^= 1)
    }),
    attack("A24: no encrypted key where there must be one", |keys| {
        part(keys, 1, Vec::clear)
    }),
    attack("A28: the algorithm twice, once by an escape", |keys| {
        part(keys, 0, |header| {
            header.splice(..1, br#"{"\u0061lg":"dir","#.iter().copied());
        })
    }),
    attack("A31: a token with padding", |keys| {
        bearer(keys, |token| format!("{token}=="))
    }),
    attack("A32: a token of ten thousand dots", |keys| {
        bearer(keys, |_| ".".repeat(10_000))
    }),
    attack("A34: a header behind a byte order mark", |keys| {
        part(keys, 0, |header| {
            header.splice(..0, "\u{feff}".bytes());
        })
    }),
];

const fn attack(name: &'static str, make: fn(&Keys) -> Sent) -> Case {
    Case {
        name,
        make,
        expect: UNAUTHENTICATED,
    }
}

/// A token to the gate under another key id.
fn kid(keys: &Keys, change: impl FnOnce(&str) -> String) -> Sent {
    payments(keys, |draft| {
        let lock = &mut draft.token().lock;
        lock.kid = change(&lock.kid);
    })
}

/// A token with one of its five parts changed, decoded.
fn part(keys: &Keys, at: usize, change: impl FnOnce(&mut Vec<u8>)) -> Sent {
    bearer(keys, |token| {
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        let mut bytes = from_base64url(&parts[at]);
        change(&mut bytes);
        parts[at] = base64url(&bytes);
        parts.join(".")
    })
}

/// A good JWE around good claims, signed under a header of the attacker's by the key that `edit` gives.
fn inside(keys: &Keys, edit: impl FnOnce(&mut JwsHeader) -> josekit::jwk::Jwk) -> Sent {
    let mut protected = JwsHeader::new();
    protected.set_key_id("idp-2026");
    let key = edit(&mut protected);
    let signer = ES256.signer_from_jwk(&key).expect("signer");
    let claims: Value = claims();
    let inner = jws::serialize_compact(claims.to_string().as_bytes(), &protected, &signer);
    let inner = inner.expect("a signed token");
    let token = maker::seal(&keys.gate, inner.as_bytes(), &json!({ "cty": "JWT" }));
    header(keys, |_| format!("Bearer {token}"))
}
