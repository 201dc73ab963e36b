//! Messages and keys of RFC 9421 appendix B.

use base64ct::{Base64, Encoding};
use sealgate_signature::rfc9421::{Component, Presented, parse};
use sealgate_signature::{
    Algorithm, HeaderLine, MacKey, Message, PublicKey, SignatureError, Signer, VerificationKey,
};

/// The content of the request, and its digest.
pub(crate) const BODY: &[u8] = br#"{"hello": "world"}"#;
pub(crate) const DIGEST: &str = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";

/// "test-key-rsa-pss" (B.1.2): the modulus; the exponent is 65537.
const RSA_PSS: &str = "AK+LZpt69tFnfz26rz9bNvkBLb6bkWlfGKuNII1EfMtkY8WunaRthlx2z37zLPHLfi4dRh+OcdvEcN0cud5pvqAF48kPOjpw5GeTfJWG4IA+Dt8OjOqQLy5IZPeQJ3U64n2yBTzVPDzzDuzsqxQB6oA7M54zxZkzrQhHDdmdRaVoHIcLmCzy/lqJKpbXddZ6qs4vmyfXL0igA2HVAADeVlLc3aYsui204EsT+6HIlOE59IOSOmg2SewPC86NCksmWKAOPOZqnDtBlQHVcPZauGjk/b+nfp2+G5zZEFZJS0N31QLyZvsXQzqfSwjQjePFdqZwzpBVevlPZ1eaMnOlyNs=";
/// "test-key-rsa" (B.1.1): the modulus; the exponent is 65537.
const RSA: &str = "AIQCmHbaHqMvM3AHEfO+C/HJ2cSswBsHe79+gD6ez7+kNo3bDwUa8FhAZ3s+ndFAyg8Bm3Op8XxFwMuZm4YGo868NzDhLfLgObcUiqGwaSg3gSzrHSShajBplwkLxBu2HpnMQ00T8QJXiAIGGEY00nf0AcFVvTsDRYXpK6N0bZYp1dGu+Y32YJJ3v2IpLUryxt+JcNs6lwQ0wuTR0TlKhk5TC+D5TWUuUYtlOGgjcdq1D0XCiJRND7isSOE/hyGhab/Pq3VenlIDqwdsXiNXUhRZ/557+TqGSRCAflZrip9wwlHAmUhZUD0l0nwQ4lBocDsO+lrkkrH9Q+G/7y6CddM=";
/// "test-key-ecc-p256" (B.1.3): the point.
const P256: &str =
    "BKiFWGVSwqz2Rxh4z9ewk1tP/g/S38NBJI6he8QeBYrwMc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0=";
/// "test-key-ed25519" (B.1.4): public and private.
const ED25519: &str = "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=";
const ED25519_PRIVATE: &str = "n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU=";
/// "test-shared-secret" (B.1.5).
const SECRET: &str =
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";

pub(crate) fn decode(text: &str) -> Vec<u8> {
    Base64::decode_vec(text).unwrap()
}

/// The key that appendix B.1 gives this name.
pub(crate) fn key(name: &str) -> VerificationKey {
    let rsa = |modulus, algorithm| PublicKey::rsa(&decode(modulus), &[1, 0, 1], algorithm);
    let public = match name {
        "test-key-rsa-pss" => rsa(RSA_PSS, Algorithm::RsaPssSha512),
        "test-key-rsa" => rsa(RSA, Algorithm::RsaV15Sha256),
        "test-key-ecc-p256" => PublicKey::p256(&decode(P256)),
        "test-key-ed25519" => PublicKey::ed25519(&decode(ED25519).try_into().unwrap()),
        _ => return VerificationKey::Mac(shared_secret()),
    };
    VerificationKey::Public(public.unwrap())
}

pub(crate) fn shared_secret() -> MacKey {
    MacKey::new(decode(SECRET)).unwrap()
}

/// The private half of "test-key-ed25519".
pub(crate) struct Ed25519Signer;

impl Signer for Ed25519Signer {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Ed25519
    }

    fn sign(&self, parts: &[&[u8]]) -> Result<Vec<u8>, SignatureError> {
        use ed25519_dalek::Signer as _;
        let key = decode(ED25519_PRIVATE).try_into().unwrap();
        let key = ed25519_dalek::SigningKey::from_bytes(&key);
        Ok(key.sign(&parts.concat()).to_bytes().to_vec())
    }
}

pub(crate) fn component(identifier: &str) -> Component {
    Component::new(identifier).unwrap()
}

pub(crate) fn components<const N: usize>(identifiers: [&str; N]) -> Vec<Component> {
    identifiers.map(component).to_vec()
}

/// A message that owns its octets.
#[derive(Debug, Clone)]
pub(crate) struct Owned {
    pub(crate) method: &'static str,
    pub(crate) authority: &'static str,
    pub(crate) target: &'static str,
    pub(crate) headers: Vec<HeaderLine>,
    pub(crate) trailers: Vec<HeaderLine>,
    pub(crate) status: Option<u16>,
    pub(crate) request: Option<Box<Owned>>,
}

impl Owned {
    /// The request of appendix B.2.
    pub(crate) fn request() -> Self {
        Self {
            method: "POST",
            authority: "example.com",
            target: "/foo?param=Value&Pet=dog",
            headers: lines(&[
                ("host", "example.com"),
                ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
                ("content-type", "application/json"),
                ("content-digest", DIGEST),
                ("content-length", "18"),
            ]),
            trailers: Vec::new(),
            status: None,
            request: None,
        }
    }

    /// A response to it, with these header lines.
    pub(crate) fn response(status: u16, headers: &[(&str, &str)]) -> Self {
        Self {
            method: "",
            authority: "",
            target: "",
            headers: lines(headers),
            trailers: Vec::new(),
            status: Some(status),
            request: Some(Box::new(Self::request())),
        }
    }

    /// With lines more.
    pub(crate) fn with(mut self, headers: &[(&str, &str)]) -> Self {
        self.headers.extend(lines(headers));
        self
    }

    /// With a signature of label `sig` that covers what is listed and verifies nowhere.
    pub(crate) fn covering(self, input: &str) -> Self {
        self.with(&[
            ("signature-input", &format!("sig={input}")),
            ("signature", "sig=:AAAA:"),
        ])
    }

    pub(crate) fn parse(&self) -> Result<Vec<Presented>, SignatureError> {
        self.ask(parse)
    }

    /// The signature base of the first signature.
    pub(crate) fn base(&self) -> Result<String, SignatureError> {
        self.ask(|message| {
            let base = parse(message)?[0].base(message, &[])?;
            Ok(String::from_utf8(base).unwrap())
        })
    }

    /// Verifies every signature with the key that it names; gives the labels.
    pub(crate) fn verify(&self) -> Result<Vec<String>, SignatureError> {
        self.ask(|message| {
            let each = parse(message)?.into_iter().map(|found| {
                let base = found.base(message, &[])?;
                let key = key(found.params.keyid.as_deref().unwrap());
                key.verify_any(&[&base], std::slice::from_ref(&found.signature))?;
                Ok(found.label)
            });
            each.collect()
        })
    }

    pub(crate) fn ask<T>(&self, ask: impl FnOnce(&Message<'_>) -> T) -> T {
        let message = |owned: &'_ Self| -> Message<'_> {
            Message {
                method: owned.method.as_bytes(),
                scheme: b"https",
                authority: owned.authority.as_bytes(),
                target: owned.target.as_bytes(),
                ..Message::default()
            }
        };
        let request = self.request.as_deref().map(|request| Message {
            headers: &request.headers,
            trailers: &request.trailers,
            ..message(request)
        });
        ask(&Message {
            headers: &self.headers,
            trailers: &self.trailers,
            status: self.status,
            request: request.as_ref(),
            ..message(self)
        })
    }
}

pub(crate) fn lines(headers: &[(&str, &str)]) -> Vec<HeaderLine> {
    let each = headers.iter();
    each.map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}
