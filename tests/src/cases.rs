//! The requests that must be refused, as data: real Envoy and the headless host run the same table.

use crate::draft::Draft;
use crate::keys::Keys;
use crate::message::Request;

mod attack;
mod body;
mod head;
mod plaintext;
mod token;

/// One kind of request that must not get through.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What is wrong with it.
    pub name: &'static str,
    /// Makes it.
    pub make: fn(&Keys) -> Sent,
    /// The answer it must get.
    pub expect: Expect,
}

/// The answer a case must get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The plugin refuses with this status and problem class, in every host.
    Problem(u16, &'static str),
    /// Envoy itself refuses with this status before the plugin is asked; hosts that are not an HTTP
    /// server of their own cannot run the case.
    Envoy(u16),
    /// In Envoy the first status, because it refuses or rewrites the request itself; in a host that shows
    /// it to the plugin as it is, the problem.
    EnvoyOr(u16, u16, &'static str),
}

/// Who sends a case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Client {
    /// The client certificate that the policy allows.
    #[default]
    PartnerA,
    /// One of the same authority that it does not allow.
    PartnerB,
}

/// A case, made.
#[derive(Clone, Debug)]
pub struct Sent {
    /// A request that goes first and must pass.
    pub before: Option<Request>,
    /// The request that must be refused.
    pub request: Request,
    /// Who sends it.
    pub client: Client,
    /// Over HTTP/2.
    pub h2: bool,
}

impl From<Request> for Sent {
    fn from(request: Request) -> Self {
        Self {
            before: None,
            request,
            client: Client::PartnerA,
            h2: false,
        }
    }
}

/// Status and class of every problem the gate answers with.
const MALFORMED: Expect = Expect::Problem(400, "malformed");
const UNAUTHENTICATED: Expect = Expect::Problem(401, "unauthenticated");
const FORBIDDEN: Expect = Expect::Problem(403, "forbidden");
const REPLAY: Expect = Expect::Problem(409, "replay");
const TOO_LARGE: Expect = Expect::Problem(413, "too-large");
const UNSUPPORTED: Expect = Expect::Problem(415, "unsupported");

/// Every case.
pub fn all() -> Vec<Case> {
    [
        head::CASES,
        token::CASES,
        attack::CASES,
        body::CASES,
        plaintext::CASES,
    ]
    .concat()
}

/// Sends every case that is wanted; fails with all that were not refused as they must be.
pub fn refuse_all(
    keys: &Keys,
    wanted: impl Fn(&Case) -> bool,
    refuse: impl Fn(&Sent, Expect) -> Result<(), String>,
) {
    let cases: Vec<Case> = all().into_iter().filter(wanted).collect();
    assert!(!cases.is_empty());
    let mut wrong = Vec::new();
    for case in &cases {
        match refuse(&(case.make)(keys), case.expect) {
            Ok(()) => println!("refused {:?}: {}", case.expect, case.name),
            Err(fault) => wrong.push(format!("{}: {fault}", case.name)),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} wrong:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// A draft of the main route, changed and made.
fn payments(keys: &Keys, change: impl FnOnce(&mut Draft)) -> Sent {
    let mut draft = Draft::payments(keys);
    change(&mut draft);
    draft.make().into()
}

/// A request of the main route, changed after it was made: what an attacker on the way can do.
fn tampered(keys: &Keys, change: impl FnOnce(&mut Request)) -> Sent {
    let mut request = Draft::payments(keys).make();
    change(&mut request);
    request.into()
}
