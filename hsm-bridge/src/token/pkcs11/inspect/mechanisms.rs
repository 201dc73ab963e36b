//! What a token can do, of what the bridge can use.

use cryptoki::context::Pkcs11;
use cryptoki::mechanism::MechanismType;
use cryptoki::slot::Slot;

use super::{Finding, fault};

pub(super) fn mechanisms(library: &Pkcs11, slot: Slot, findings: &mut Vec<Finding>) {
    let has = match library.get_mechanism_list(slot) {
        Ok(has) => has,
        Err(error) => {
            findings.push(Finding::bad(
                "mechanisms",
                fault::fault(&error).detail,
                "the token does not list what it can do: ask its vendor",
            ));
            return;
        }
    };
    for (mechanism, words, fix) in USED {
        findings.push(if has.contains(&mechanism) {
            Finding::good("mechanism", words)
        } else {
            let lacks = format!("the token has no {words}");
            Finding::warn("mechanism", lacks, format!("if you need it: {fix}"))
        });
    }
}

/// What the bridge can use of a token, and what to use where the token lacks it.
const USED: [(MechanismType, &str, &str); 13] = [
    (
        MechanismType::ECDH1_DERIVE,
        "ECDH (ECDH-ES, ECDH-ES+A256KW)",
        "use an RSA key instead",
    ),
    (
        MechanismType::RSA_PKCS_OAEP,
        "RSA-OAEP",
        "use an EC key and ECDH-ES+A256KW instead",
    ),
    (
        MechanismType::AES_KEY_WRAP,
        "AES key wrap (A128KW to A256KW)",
        "use another key type",
    ),
    (
        MechanismType::AES_GCM,
        "AES-GCM (A128GCMKW to A256GCMKW)",
        "use A256KW",
    ),
    (
        MechanismType::ML_KEM,
        "ML-KEM (ML-KEM-768)",
        "use an EC key and ECDH-ES+A256KW instead",
    ),
    (
        MechanismType::SHA256_HMAC,
        "HMAC with SHA-256 (HS256)",
        "keep MAC keys elsewhere",
    ),
    (
        MechanismType::SHA384_HMAC,
        "HMAC with SHA-384 (HS384)",
        "use HS256",
    ),
    (
        MechanismType::SHA512_HMAC,
        "HMAC with SHA-512 (HS512)",
        "use HS256",
    ),
    (
        MechanismType::ECDSA,
        "ECDSA (ES256, ES384, ES512)",
        "use PS256",
    ),
    (
        MechanismType::RSA_PKCS_PSS,
        "RSA-PSS (PS256, PS384, PS512)",
        "use ES256",
    ),
    (
        MechanismType::RSA_PKCS,
        "RSA PKCS#1 v1.5 signatures (RS256, RS384, RS512)",
        "use ES256",
    ),
    (MechanismType::EDDSA, "EdDSA", "use ES256"),
    (MechanismType::ML_DSA, "ML-DSA (ML-DSA-65)", "use ES256"),
];
