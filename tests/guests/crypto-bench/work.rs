//! What the benchmark repeats. The native side compiles this very file, so that all engines do the
//! same.

use sealgate_scan::{ScanPolicy, Scanner, extract};
use sealgate_signature::{MacKey, mac};

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
}

impl Operation {
    pub(crate) const ALL: [Self; 3] = [Self::Open, Self::Hmac, Self::Scan];
}

/// Prepared inputs of one operation.
pub(crate) struct Work {
    operation: Operation,
    input: Vec<u8>,
    buffer: Vec<u8>,
    key: Option<MacKey>,
    code: [u8; 32],
    policy: ScanPolicy,
}

impl Work {
    /// Inputs of `bytes` plaintext bytes; for a scan, of the nearest JSON document.
    pub(crate) fn new(operation: Operation, bytes: usize) -> Self {
        let mut input = match operation {
            Operation::Scan => document(bytes),
            Operation::Open | Operation::Hmac => vec![0x5a; bytes],
        };
        let key = MacKey::new(KEY.to_vec()).ok();
        let code = key.as_ref().map_or([0; 32], |key| mac::hs256(key, &input));
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
                mac::verify_hs256(key, std::hint::black_box(&self.input), &self.code).is_ok()
            }),
            Operation::Scan => {
                let mut scanner = Scanner::new(&self.policy);
                let body = std::hint::black_box(&self.input);
                extract::json(body, &self.policy.limits, &mut scanner).is_ok()
                    && scanner.finish().is_clean()
            }
        }
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
