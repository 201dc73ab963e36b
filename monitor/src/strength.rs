//! How strong an algorithm is, in four words.

use serde::{Deserialize, Serialize};

/// Strength of an algorithm, TLS version or group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// Broken, or close to it: MD5, SHA-1 MACs, RSA PKCS #1 v1.5 encryption, TLS before 1.2.
    Weak,
    /// Still standing, on its way out: RSA-OAEP with SHA-1, CBC with HMAC, TLS 1.2.
    Legacy,
    /// What is recommended today.
    Current,
    /// Holds against quantum computers, too.
    PostQuantum,
}

impl Strength {
    /// Every grade, weakest first.
    pub const ALL: [Self; 4] = [Self::Weak, Self::Legacy, Self::Current, Self::PostQuantum];

    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Legacy => "legacy",
            Self::Current => "current",
            Self::PostQuantum => "post-quantum",
        }
    }

    /// The grade of this word, as a gate that grades for itself writes it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|one| one.name() == name || one.name().replace('-', "_") == name)
    }

    /// The grade of a JOSE, RFC 9421 or dialect algorithm, for gates that do not grade.
    #[must_use]
    pub fn of_algorithm(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let has = |part: &str| name.contains(part);
        if has("md5") || has("rsa1_5") || has("rsa1-5") || has("des") || name == "none" {
            Self::Weak
        } else if has("mlkem") || has("ml-kem") || has("ml-dsa") {
            Self::PostQuantum
        } else if (has("sha1") && !has("sha1_")) || has("cbc") || name == "rsa-oaep" {
            Self::Legacy
        } else {
            Self::Current
        }
    }

    /// The grade of a TLS version by Envoy's or rustls' name.
    #[must_use]
    pub fn of_tls_version(name: &str) -> Self {
        match name.trim_start_matches("TLS").trim_start_matches('v') {
            "1.3" | "1_3" => Self::Current,
            "1.2" | "1_2" => Self::Legacy,
            _ => Self::Weak,
        }
    }

    /// The grade of a key exchange group.
    #[must_use]
    pub fn of_group(name: &str) -> Self {
        let name = name.to_ascii_uppercase();
        if name.contains("MLKEM") || name.contains("KYBER") {
            Self::PostQuantum
        } else {
            Self::Current
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades_of_names_that_occur() {
        for (name, grade) in [
            ("A256GCM", Strength::Current),
            ("RSA-OAEP-256", Strength::Current),
            ("RSA-OAEP", Strength::Legacy),
            ("RSA1_5", Strength::Weak),
            ("A128CBC-HS256", Strength::Legacy),
            ("HS256", Strength::Current),
            ("hmac-sha1", Strength::Legacy),
            ("hmac-md5", Strength::Weak),
            ("ECDH-ES+A256KW", Strength::Current),
        ] {
            assert_eq!(Strength::of_algorithm(name), grade, "{name}");
        }
        assert_eq!(Strength::of_tls_version("TLSv1.3"), Strength::Current);
        assert_eq!(Strength::of_tls_version("TLSv1.2"), Strength::Legacy);
        assert_eq!(Strength::of_tls_version("TLSv1.1"), Strength::Weak);
        assert_eq!(Strength::of_group("X25519MLKEM768"), Strength::PostQuantum);
        assert_eq!(Strength::of_group("X25519"), Strength::Current);
        assert_eq!(
            Strength::from_name("post_quantum"),
            Some(Strength::PostQuantum)
        );
    }
}
