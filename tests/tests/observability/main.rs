//! What operators see of the gate in real Envoy: metrics as Prometheus reads them, their bound, and the log.

mod cardinality;
mod logs;
mod metrics;
mod panics;

use sealgate_tests::draft::{Draft, Seal, Signature};
use sealgate_tests::gate::Gate;
use sealgate_tests::message::Request;

/// A draft of the main route, changed and made.
fn payments(gate: &Gate, change: impl FnOnce(&mut Draft)) -> Request {
    let mut draft = Draft::payments(&gate.keys);
    change(&mut draft);
    draft.make()
}

/// A correctly signed request whose body is sealed with another key under the right name.
fn sealed_with_a_wrong_key(gate: &Gate) -> Request {
    let mut draft = Draft::raw(&gate.keys);
    draft.seal = Seal::Raw(vec![1; 32], "body-2026".to_owned());
    draft.make()
}

/// A request signed with a secret that is not the key's.
fn forged(gate: &Gate) -> Request {
    payments(gate, |draft| {
        if let Signature::Rfc9421(parameters) = &mut draft.signature {
            parameters.key = vec![2; 32];
        }
    })
}
