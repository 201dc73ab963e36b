//! The changed request, and the proofs without which there is none.

use crate::policy::Mode;
use crate::policy::compiled::Policy;
use crate::refusal::Reason;
use crate::request::Request;
use crate::stage::channel::ChannelAccepted;
use crate::stage::inspect::Inspected;
use crate::stage::payload::PayloadOpened;
use crate::stage::replay::Fresh;
use crate::stage::signature::SignatureVerified;
use crate::stage::token::TokenVerified;

/// A request that may reach the upstream. Only [`Proofs::forward`] and [`open`] make one.
pub struct Forward {
    edits: Vec<HeaderEdit>,
    metadata: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

/// One change of the request head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderEdit {
    /// Remove all lines of this name.
    Remove(Vec<u8>),
    /// Replace all lines of this name by one.
    Set(Vec<u8>, Vec<u8>),
}

impl Forward {
    /// Changes of the head, in order.
    pub fn edits(&self) -> &[HeaderEdit] {
        &self.edits
    }

    /// What the host keeps with the request for filters behind the gate: name and value.
    pub fn metadata(&self) -> &[(String, String)] {
        &self.metadata
    }

    /// The new body; `None` leaves the received one.
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }
}

/// Whether a stage was passed, is not part of the policy, or is only observed.
pub(crate) enum Proof<T> {
    /// The stage has not run.
    Open,
    /// The stage ran and the request passed.
    Passed(T),
    /// The request did not pass a stage that is only observed.
    Observed,
}

impl<T> Proof<T> {
    pub(crate) fn passed(&self) -> Option<&T> {
        match self {
            Self::Passed(proof) => Some(proof),
            _ => None,
        }
    }

    fn satisfies(&self, mode: Option<Mode>) -> bool {
        match mode {
            None => true,
            Some(Mode::Enforce) => matches!(self, Self::Passed(_)),
            Some(Mode::Observe) => !matches!(self, Self::Open),
        }
    }
}

/// What has been proven of a request so far.
pub(crate) struct Proofs {
    pub(crate) channel: Proof<ChannelAccepted>,
    pub(crate) signature: Proof<SignatureVerified>,
    pub(crate) replay: Proof<Fresh>,
    pub(crate) token: Proof<TokenVerified>,
    pub(crate) payload: Proof<PayloadOpened>,
    pub(crate) inspect: Proof<Inspected>,
}

impl Default for Proofs {
    fn default() -> Self {
        Self {
            channel: Proof::Open,
            signature: Proof::Open,
            replay: Proof::Open,
            token: Proof::Open,
            payload: Proof::Open,
            inspect: Proof::Open,
        }
    }
}

/// Headers that describe the body as received, and are wrong once it is replaced.
const DESCRIBES_BODY: [&[u8]; 6] = [
    b"content-digest",
    b"content-encoding",
    b"content-md5",
    b"digest",
    b"repr-digest",
    b"transfer-encoding",
];

/// Headers that ask for a response in a form that cannot be sealed.
const ASKS_FOR_CODED_OR_PART: [&[u8]; 3] = [b"accept-encoding", b"if-range", b"range"];

impl Proofs {
    /// Builds the forwarded request, or says that a proof is missing.
    pub(crate) fn forward(
        self,
        policy: &Policy,
        request: &Request,
        identity_headers: &[String],
    ) -> Result<Forward, Reason> {
        let complete = self
            .channel
            .satisfies(policy.channel.as_ref().map(|stage| stage.mode))
            && self
                .signature
                .satisfies(policy.signature.as_ref().map(|stage| stage.mode))
            && self
                .replay
                .satisfies(policy.replay.as_ref().map(|stage| stage.mode))
            && self
                .token
                .satisfies(policy.token.as_ref().map(|stage| stage.mode))
            && self
                .payload
                .satisfies(policy.payload.as_ref().map(|stage| stage.mode))
            && self
                .inspect
                .satisfies(policy.inspect.as_ref().map(|stage| stage.mode));
        if !complete {
            return Err(Reason::ProofMissing);
        }
        let mut metadata = Vec::new();
        let mut edits = strip_identity(request, identity_headers);
        if let Some(stage) = policy
            .signature
            .as_ref()
            .filter(|stage| stage.mode == Mode::Enforce)
        {
            let read = stage.scheme.headers();
            let read: Vec<&[u8]> = read.iter().map(|name| name.as_bytes()).collect();
            edits.extend(present(request, &read));
            edits.extend(present(request, &[b"sealgate-key"]));
        }
        if let Some(stage) = policy
            .token
            .as_ref()
            .filter(|stage| stage.mode == Mode::Enforce)
        {
            edits.push(HeaderEdit::Remove(stage.header.clone().into_bytes()));
            if let Proof::Passed(token) = &self.token {
                metadata = token.metadata().to_vec();
                edits.extend(token.headers().map(|(name, value)| {
                    HeaderEdit::Set(name.as_bytes().to_vec(), value.as_bytes().to_vec())
                }));
            }
        }
        if policy
            .respond
            .as_ref()
            .is_some_and(|respond| respond.encrypt.is_some())
        {
            edits.extend(present(request, &ASKS_FOR_CODED_OR_PART));
        }
        let enforced = policy
            .payload
            .as_ref()
            .is_some_and(|stage| stage.mode == Mode::Enforce);
        let inspects = policy
            .inspect
            .as_ref()
            .is_some_and(|stage| stage.mode == Mode::Enforce);
        let opened = match self.payload {
            Proof::Passed(opened) if enforced => opened.into_plaintext(),
            _ => None,
        };
        // What was scanned goes on: the plaintext, or the body without its content coding.
        let (content_type, body) = match (opened, self.inspect) {
            (Some((content_type, body)), _) => (Some(content_type), body),
            (None, Proof::Passed(inspected)) if inspects => match inspected.into_decoded() {
                Some(body) => (None, body),
                None => {
                    return Ok(Forward {
                        edits,
                        metadata,
                        body: None,
                    });
                }
            },
            _ => {
                return Ok(Forward {
                    edits,
                    metadata,
                    body: None,
                });
            }
        };
        edits.extend(present(request, &DESCRIBES_BODY));
        if let Some(content_type) = content_type {
            edits.extend(present(request, &[b"sealgate-key"]));
            edits.push(HeaderEdit::Set(
                b"content-type".to_vec(),
                content_type.into_bytes(),
            ));
        }
        edits.push(HeaderEdit::Set(
            b"content-length".to_vec(),
            body.len().to_string().into_bytes(),
        ));
        Ok(Forward {
            edits,
            metadata,
            body: Some(body),
        })
    }
}

/// Forwards a request of an open route: nothing is judged, identity headers still go.
pub(crate) fn open(request: &Request, identity_headers: &[String]) -> Forward {
    Forward {
        edits: strip_identity(request, identity_headers),
        metadata: Vec::new(),
        body: None,
    }
}

/// Removes what only the gate may say, in every spelling an upstream might fold together.
fn strip_identity(request: &Request, identity_headers: &[String]) -> Vec<HeaderEdit> {
    let mut names: Vec<&[u8]> = request
        .headers
        .iter()
        .map(|(name, _)| name.as_slice())
        .filter(|name| {
            identity_headers
                .iter()
                .any(|identity| same_header(name, identity.as_bytes()))
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .map(|name| HeaderEdit::Remove(name.to_vec()))
        .collect()
}

/// Compares header names the way a CGI-like upstream does: without case, `_` equal to `-`.
fn same_header(name: &[u8], identity: &[u8]) -> bool {
    name.len() == identity.len()
        && name.iter().zip(identity).all(|(left, right)| {
            let left = if *left == b'_' {
                b'-'
            } else {
                left.to_ascii_lowercase()
            };
            left == *right
        })
}

fn present<'a>(request: &'a Request, names: &'a [&[u8]]) -> impl Iterator<Item = HeaderEdit> + 'a {
    names
        .iter()
        .filter(|name| request.has(name))
        .map(|name| HeaderEdit::Remove(name.to_vec()))
}
