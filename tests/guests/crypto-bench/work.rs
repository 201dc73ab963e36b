//! What the benchmark repeats. The native side compiles this very file, so that all engines do the
//! same.

use sealgate_scan::{ScanPolicy, Scanner, extract};
use sealgate_signature::scheme::rfc9421::Rfc9421;
use sealgate_signature::scheme::standard_webhooks::StandardWebhooks;
use sealgate_signature::scheme::{Presented, verify};
use sealgate_signature::{HeaderLine, MacKey, Message, Scheme, SignOrder, VerificationKey};

const KEY: [u8; 32] = [7; 32];
const NONCE: [u8; 12] = [1; 12];
const ASSOCIATED: &[u8] = b"sealgate-a256gcm\nPOST\n/payments\nbody-2026";

/// One kind of work, as a request costs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// AES-256-GCM: open a sealed body in place. The copy that restores the sealed body is counted
    /// too; it is below 3 % of the work.
    Open,
    /// HMAC-SHA-256: compute and compare.
    Hmac,
    /// Scan a clean JSON body.
    Scan,
    /// RFC 9421 over method, target and `Content-Digest`, with the digest of the body: all that a
    /// gate does for it.
    Rfc9421,
    /// Standard Webhooks: the body itself is signed.
    Webhook,
}

impl Operation {
    pub(crate) const ALL: [Self; 5] = [
        Self::Open,
        Self::Hmac,
        Self::Scan,
        Self::Rfc9421,
        Self::Webhook,
    ];
}

/// Prepared inputs of one operation.
pub(crate) struct Work {
    operation: Operation,
    input: Vec<u8>,
    buffer: Vec<u8>,
    key: Option<VerificationKey>,
    code: Vec<Vec<u8>>,
    policy: ScanPolicy,
    signed: Option<Signed>,
}

/// A signed request and the scheme it is signed in.
struct Signed {
    scheme: Box<dyn Scheme>,
    headers: Vec<HeaderLine>,
}

impl Work {
    /// Inputs of `bytes` plaintext bytes; for a scan, of the nearest JSON document.
    pub(crate) fn new(operation: Operation, bytes: usize) -> Self {
        let mut input = match operation {
            Operation::Scan => document(bytes),
            _ => vec![0x5a; bytes],
        };
        let secret = MacKey::new(KEY.to_vec()).ok();
        let code = secret.iter().map(|key| key.compute(&[&input])).collect();
        let signed = Signed::new(operation, &input, secret.as_ref());
        let key = secret.map(VerificationKey::Mac);
        if operation == Operation::Open
            && sealgate_aead::seal_in_place(&KEY, &NONCE, ASSOCIATED, &mut input).is_err()
        {
            input.clear();
        }
        let buffer = Vec::with_capacity(input.len());
        Self {
            operation,
            input,
            buffer,
            key,
            code,
            policy: ScanPolicy::default(),
            signed,
        }
    }

    /// Bytes of one input, for MB/s.
    pub(crate) fn bytes(&self) -> usize {
        self.input.len()
    }

    /// Does it `times` times; `false` when a single result was wrong.
    pub(crate) fn run(&mut self, times: u32) -> bool {
        (0..times).all(|_| self.once())
    }

    fn once(&mut self) -> bool {
        match self.operation {
            Operation::Open => {
                self.buffer.clear();
                self.buffer.extend_from_slice(&self.input);
                sealgate_aead::open_in_place(&KEY, &NONCE, ASSOCIATED, &mut self.buffer).is_ok()
            }
            Operation::Hmac => self.key.as_ref().is_some_and(|key| {
                let input = std::hint::black_box(self.input.as_slice());
                key.verify_any(&[input], &self.code).is_ok()
            }),
            Operation::Rfc9421 | Operation::Webhook => match (&self.signed, &self.key) {
                (Some(signed), Some(key)) => signed.verify(std::hint::black_box(&self.input), key),
                _ => false,
            },
            Operation::Scan => {
                let mut scanner = Scanner::new(&self.policy);
                let body = std::hint::black_box(&self.input);
                extract::json(body, &self.policy.limits, &mut scanner).is_ok()
                    && scanner.finish().is_clean()
            }
        }
    }
}

impl Signed {
    fn new(operation: Operation, body: &[u8], key: Option<&MacKey>) -> Option<Self> {
        let scheme: Box<dyn Scheme> = match operation {
            Operation::Rfc9421 => Box::new(Rfc9421::default()),
            Operation::Webhook => Box::new(StandardWebhooks::new()),
            _ => return None,
        };
        let order = SignOrder {
            key_id: Some("partner-a"),
            created: 1_800_000_000,
            nonce: Some("msg_2xYzAbCdEfGhIjKl"),
            ..SignOrder::default()
        };
        let lines = scheme.sign(&request(&[]), body, &order, key?).ok()?;
        let mut headers: Vec<HeaderLine> = [
            ("content-type", "application/json"),
            ("user-agent", "partner/1.0"),
            ("accept", "*/*"),
            ("x-request-id", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .to_vec();
        headers.extend(
            lines
                .into_iter()
                .map(|(name, value)| (name.into(), value.into())),
        );
        Some(Self { scheme, headers })
    }

    /// All that a gate does with a signature: read, build, verify, hold the body against its digest.
    fn verify(&self, body: &[u8], key: &VerificationKey) -> bool {
        let message = request(&self.headers);
        let scheme = self.scheme.as_ref();
        let checked = scheme
            .present(&message)
            .and_then(|presented: Vec<Presented>| {
                let presented = presented
                    .first()
                    .ok_or(sealgate_signature::SignatureError::Missing)?;
                verify(scheme, &message, presented, body, key)?;
                scheme.check_body(&message, presented, body)
            });
        checked.is_ok()
    }
}

fn request(headers: &[HeaderLine]) -> Message<'_> {
    Message {
        method: b"POST",
        scheme: b"https",
        authority: b"api.bank.test",
        target: b"/payments/3f2504e0?batch=7",
        headers,
        ..Message::default()
    }
}

/// JSON as a payment API gets it: names, amounts, references, a line of prose; nothing suspicious.
fn document(bytes: usize) -> Vec<u8> {
    let mut text = String::from("[");
    let mut number = 0;
    while text.len() < bytes.max(2) {
        if number > 0 {
            text.push(',');
        }
        text.push_str(&format!(
            r#"{{"id":"3f2504e0-4f89-11d3-9a0c-{number:012x}","amount":{number}.50,"paid":true,"#
        ));
        text.push_str(r#""currency":"EUR","to":"DE02120300000000202051","date":"2026-02-03","#);
        text.push_str(r#""name":"Siobhan O'Neill","note":"Rent for May, thanks!"}"#);
        number += 1;
    }
    text.push(']');
    text.into_bytes()
}
