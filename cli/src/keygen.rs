//! `sealgate keygen`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use sealgate_jose::jwe::{ContentEncryption, KeyManagement};
use sealgate_jose::jwk::{AgreementCurve, Curve, Purposed, RsaPublicJwk, generate};
use sealgate_jose::jwk::{JwkSet, PublicJwk};
use sealgate_jose::jws::SignatureAlgorithm;
use serde_json::{Value, json};
use zeroize::{Zeroize, Zeroizing};

use crate::sealing::random;

/// Members that only their holder may know.
const SECRET_MEMBERS: [&str; 3] = ["d", "k", "priv"];

#[derive(clap::Args)]
#[command(
    after_help = "A key has one algorithm, and its type follows from it:\n  \
    dir, A128KW .. A256KW, A128GCMKW .. A256GCMKW, A256GCM, HS256 .. HS512   a secret (kty oct)\n  \
    ECDH-ES, ECDH-ES+A128KW .. +A256KW                     EC or X25519, as --crv says\n  \
    ES256, ES384, ES512, EdDSA                             EC, Ed25519\n  \
    RSA-OAEP-256 and the others, RS256, PS256, ...         RSA, as --bits says; private half in PEM\n  \
    HPKE-0 .. HPKE-17 and -KE, ML-DSA-44, -65, -87         post-quantum and drafts (docs/jose.md)\n\n\
    Examples:\n  \
    # a client's key for sealed responses; the public half goes into the policy of the gate\n  \
    sealgate keygen ECDH-ES+A256KW --kid partner-a-enc --out partner-a.jwk\n\n  \
    # a secret to share, as a policy reads it from a file\n  \
    sealgate keygen HS256 --kid partner-a-mac --hex --out partner-a-mac.hex\n\n  \
    # a new key of an issuer, its public half added to the set that it publishes\n  \
    sealgate keygen EdDSA --kid idp-2027 --out idp-2027.jwk --set jwks.json\n\n\
    The gate's own keys belong into a token: `hsm-bridge keygen`."
)]
pub(crate) struct Args {
    /// The algorithm, by its JOSE name
    alg: String,

    /// Where the private half or the secret goes: a new file that only its owner may read
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Key id; the SHA-256 thumbprint when nothing is named
    #[arg(long, value_name = "ID")]
    kid: Option<String>,

    /// Curve of ECDH-ES: P-256, P-384, P-521 or X25519
    #[arg(long, value_name = "CURVE", default_value = "P-256")]
    crv: String,

    /// Content encryption that a `dir` key is for
    #[arg(long, value_name = "ENC", default_value = "A256GCM")]
    enc: String,

    /// Bits of an RSA modulus: 2048, 3072 or 4096
    #[arg(long, value_name = "BITS", default_value_t = 3072)]
    bits: u32,

    /// Write a secret as hex digits, not as a JWK
    #[arg(long)]
    hex: bool,

    /// Add the public half to this JWK Set, which is made when it is not there
    #[arg(long, value_name = "FILE")]
    set: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let made = args.make()?;
    if let Some(path) = &args.set {
        let Some(public) = &made.public else {
            bail!("a secret has no public half that a set could publish");
        };
        let set = extended(path, public)?;
        write_private(&args.out, &made.private)?;
        std::fs::write(path, set).with_context(|| format!("cannot write {}", path.display()))?;
    } else {
        write_private(&args.out, &made.private)?;
    }
    match &made.public {
        Some(public) => anstream::println!("{public:#}"),
        None => anstream::eprintln!(
            "a secret of {} bits for {}, in {}",
            made.bits,
            args.alg,
            args.out.display()
        ),
    }
    Ok(ExitCode::SUCCESS)
}

/// A key, ready to be written.
struct Made {
    private: Zeroizing<Vec<u8>>,
    public: Option<Value>,
    bits: usize,
}

impl Args {
    fn make(&self) -> Result<Made> {
        let encryption = KeyManagement::from_name(&self.alg);
        let signature = SignatureAlgorithm::from_name(&self.alg);
        let is_rsa = |name: &str| name.starts_with("RS") || name.starts_with("PS");
        if encryption.is_some_and(KeyManagement::is_rsa)
            || signature.is_some_and(|alg| is_rsa(alg.name()))
        {
            return self.make_rsa(encryption.is_some());
        }
        let purpose = match (encryption, signature) {
            (Some(alg), _) => Purposed::Encryption(alg, self.content()?),
            (_, Some(alg)) => Purposed::Signature(alg),
            // Raw bodies: a secret like that of `dir`.
            _ if self.alg == "A256GCM" => {
                Purposed::Encryption(KeyManagement::Dir, ContentEncryption::A256Gcm)
            }
            _ => bail!(
                "{} is no algorithm that a key is made for; see --help",
                self.alg
            ),
        };
        let mut jwk = generate(purpose, self.curve()?, &mut random)
            .map_err(|fault| anyhow::anyhow!("no key was made: {fault}"))?;
        jwk["alg"] = json!(self.alg);
        let made = self.finish(&jwk, signature.is_some());
        wipe(&mut jwk);
        made
    }

    fn finish(&self, jwk: &Value, signs: bool) -> Result<Made> {
        let secret = jwk["k"].as_str().map(Base64UrlUnpadded::decode_vec);
        if let Some(secret) = secret {
            let secret = Zeroizing::new(secret.ok().context("the secret is base64url")?);
            let mut named = jwk.clone();
            if let Some(kid) = &self.kid {
                named["kid"] = json!(kid);
            }
            let private = match self.hex {
                true => hex(&secret),
                false => text(&named),
            };
            wipe(&mut named);
            return Ok(Made {
                private,
                public: None,
                bits: secret.len() * 8,
            });
        }
        if self.hex {
            bail!("--hex is for secrets, and {} has a key pair", self.alg);
        }
        let mut public = jwk.clone();
        wipe(&mut public);
        let public = self.named(public, signs)?;
        let mut private = jwk.clone();
        private["kid"] = public["kid"].clone();
        private["use"] = public["use"].clone();
        let made = Made {
            private: text(&private),
            public: Some(public),
            bits: 0,
        };
        wipe(&mut private);
        Ok(made)
    }

    fn make_rsa(&self, encrypts: bool) -> Result<Made> {
        let size = match self.bits {
            2048 => KeySize::Rsa2048,
            3072 => KeySize::Rsa3072,
            4096 => KeySize::Rsa4096,
            other => bail!("{other} bits are not offered; write 2048, 3072 or 4096"),
        };
        if self.hex {
            bail!("--hex is for secrets, and {} has a key pair", self.alg);
        }
        let pair = KeyPair::generate(size)
            .ok()
            .context("no RSA key was made")?;
        let der = pair
            .as_der()
            .ok()
            .context("the RSA key has no PKCS#8 form")?;
        let [modulus, exponent] =
            rsa_numbers(pair.public_key().as_ref()).context("the RSA key has no public half")?;
        let mut jwk = RsaPublicJwk::from_components(modulus, exponent)
            .map_err(|fault| anyhow::anyhow!("the RSA key is unusable: {fault}"))?
            .to_value();
        jwk["alg"] = json!(self.alg);
        Ok(Made {
            private: pem(der.as_ref()),
            public: Some(self.named(jwk, !encrypts)?),
            bits: 0,
        })
    }

    /// A public JWK with `kid` and `use`.
    fn named(&self, mut jwk: Value, signs: bool) -> Result<Value> {
        let read = PublicJwk::from_value(&jwk)
            .map_err(|fault| anyhow::anyhow!("the key is unusable: {fault}"))?;
        let thumbprint = Base64UrlUnpadded::encode_string(&read.thumbprint());
        jwk["kid"] = json!(self.kid.as_ref().unwrap_or(&thumbprint));
        jwk["use"] = json!(if signs { "sig" } else { "enc" });
        Ok(jwk)
    }

    fn curve(&self) -> Result<AgreementCurve> {
        if self.crv == "X25519" {
            return Ok(AgreementCurve::X25519);
        }
        let curve = Curve::from_name(&self.crv);
        let curve = curve.with_context(|| {
            format!(
                "{} is no curve; write P-256, P-384, P-521 or X25519",
                self.crv
            )
        })?;
        Ok(AgreementCurve::Nist(curve))
    }

    fn content(&self) -> Result<ContentEncryption> {
        let known = || {
            ContentEncryption::ALL
                .map(ContentEncryption::name)
                .join(", ")
        };
        ContentEncryption::from_name(&self.enc).with_context(|| {
            format!(
                "{} is no content encryption; write one of {}",
                self.enc,
                known()
            )
        })
    }
}

/// Writes a file that only its owner may read, and never over another.
///
/// # Errors
/// When there is one already, or none can be made.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let mut file = file.with_context(|| {
        format!(
            "cannot make {}; a file that is there is never written over",
            path.display()
        )
    })?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(())
}

/// The set of a file, if there is one, with one key more.
fn extended(path: &Path, public: &Value) -> Result<String> {
    let mut set = match std::fs::read(path) {
        Ok(text) => serde_json::from_slice(&text)
            .map_err(|_| anyhow::anyhow!("{} is no JWK Set: no JSON inside", path.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => json!({ "keys": [] }),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let keys = set["keys"].as_array_mut();
    let keys = keys.with_context(|| format!("{} is no JWK Set: it has no keys", path.display()))?;
    keys.push(public.clone());
    let text = format!("{set:#}\n");
    JwkSet::from_slice(text.as_bytes()).map_err(|fault| {
        anyhow::anyhow!(
            "{} with this key is no JWK Set that we would read: {fault}",
            path.display()
        )
    })?;
    Ok(text)
}

/// Overwrites and removes what is secret in a JWK.
fn wipe(jwk: &mut Value) {
    let Some(members) = jwk.as_object_mut() else {
        return;
    };
    for name in SECRET_MEMBERS {
        if let Some(Value::String(secret)) = members.get_mut(name) {
            secret.zeroize();
        }
        members.remove(name);
    }
}

fn text(jwk: &Value) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(format!("{jwk:#}\n").into_bytes())
}

fn hex(secret: &[u8]) -> Zeroizing<Vec<u8>> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = Zeroizing::new(Vec::with_capacity(secret.len() * 2 + 1));
    for byte in secret {
        text.extend([byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]));
    }
    text.push(b'\n');
    text
}

/// Modulus and exponent of an `RSAPublicKey` (RFC 8017 appendix A.1.1), without leading zeros.
fn rsa_numbers(der: &[u8]) -> Option<[&[u8]; 2]> {
    let (sequence, _) = der_value(der, 0x30)?;
    let (modulus, rest) = der_value(sequence, 0x02)?;
    let (exponent, _) = der_value(rest, 0x02)?;
    let minimal = |number: &'_ [u8]| number.iter().take_while(|byte| **byte == 0).count();
    Some([
        modulus.get(minimal(modulus)..)?,
        exponent.get(minimal(exponent)..)?,
    ])
}

/// The value behind this tag, and what follows it.
fn der_value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let mut length = usize::from(*first);
    if length >= 0x80 {
        let (bytes, after) = rest.split_at_checked(length - 0x80)?;
        length = bytes.iter().try_fold(0_usize, |length, byte| {
            length.checked_mul(256)?.checked_add(usize::from(*byte))
        })?;
        rest = after;
    }
    (*found == tag).then_some(())?;
    rest.split_at_checked(length)
}

/// RFC 7468.
fn pem(der: &[u8]) -> Zeroizing<Vec<u8>> {
    let encoded = Zeroizing::new(Base64::encode_string(der));
    let mut text = Zeroizing::new(b"-----BEGIN PRIVATE KEY-----\n".to_vec());
    for line in encoded.as_bytes().chunks(64) {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    text.extend_from_slice(b"-----END PRIVATE KEY-----\n");
    text
}
