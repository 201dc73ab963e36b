//! The response on its way back: held, sealed, signed, and only then let go.
//!
//! A key in the bridge signs in two passes over the same code: the first takes the octets down, the
//! second puts the signature in. The second checks that it is asked for the same octets.

use std::cell::RefCell;

use base64ct::{Base64UrlUnpadded, Encoding};
use sealgate_format::Entropy;
use sealgate_signature::{Algorithm, Message, SignOrder, SignatureError, Signer};

use super::inside::Made;
use super::{Decision, Exchange, Pending, Progress, State};
use crate::event::{Effect, Respond, ResponseHead};
use crate::forward::HeaderEdit;
use crate::policy::compiled::{RespondPolicy, ResponseSigning};
use crate::refusal::Reason;
use crate::request::HeaderLine;

/// A response that waits for its body or its signature.
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<HeaderLine>,
    pub(super) body: Vec<u8>,
    /// Whether `body` is the sealed form of the one received.
    pub(super) sealed: bool,
    /// Changes of the head so far.
    pub(super) edits: Vec<HeaderEdit>,
    pub(super) entropy: RefCell<Entropy>,
    /// Signatures inside that the bridge has made.
    pub(super) made: Vec<Made>,
    /// Message id of schemes that sign one.
    id: String,
    pub(super) created: i64,
}

/// A response whose signature is made in the bridge.
pub(super) struct PendingSignature {
    response: Response,
    octets: Vec<u8>,
}

impl Exchange {
    /// Whether the host must hold the response and hand it over.
    pub fn holds_response(&self) -> bool {
        matches!(self.state, State::AwaitsResponse)
    }

    pub(super) fn response_head(
        &mut self,
        head: ResponseHead,
        now: i64,
    ) -> Result<Progress, Reason> {
        let status = head
            .headers
            .iter()
            .find(|(name, _)| name == b":status")
            .and_then(|(_, value)| std::str::from_utf8(value).ok()?.parse().ok())
            .ok_or(Reason::ResponseMalformed)?;
        let mut headers = head.headers;
        headers.retain(|(name, _)| !name.starts_with(b":"));
        let mut entropy = head.entropy;
        let mut id = [0; 16];
        entropy
            .fill(&mut id)
            .map_err(|_| Reason::ResponseNotSealed)?;
        let response = Response {
            status,
            headers,
            body: Vec::new(),
            sealed: false,
            edits: Vec::new(),
            entropy: RefCell::new(entropy),
            made: Vec::new(),
            id: format!("msg_{}", Base64UrlUnpadded::encode_string(&id)),
            created: now,
        };
        if head.end_of_stream {
            return self.seal_and_sign(response);
        }
        self.state = State::NeedsResponseBody(Box::new(response));
        Ok(Progress::Hold(Effect::NeedResponseBody))
    }

    pub(super) fn response_body(
        &mut self,
        mut response: Response,
        body: Vec<u8>,
    ) -> Result<Progress, Reason> {
        self.check_response_size(body.len())?;
        response.body = body;
        self.seal_and_sign(response)
    }

    pub(super) fn seal_and_sign(&mut self, mut response: Response) -> Result<Progress, Reason> {
        if let Some(octets) = self.seal_response(&mut response)? {
            return self.ask_inside(response, octets);
        }
        match &self.respond_policy()?.sign {
            Some(_) => self.sign_response(response),
            None => Ok(response.released(Vec::new())),
        }
    }

    pub(super) fn check_response_size(&self, bytes: usize) -> Result<(), Reason> {
        match self.respond_policy()?.max_body_bytes {
            max if bytes > max => Err(Reason::ResponseTooLarge),
            _ => Ok(()),
        }
    }

    /// Takes the bridge's answer to [`PendingSignature`].
    pub(super) fn response_signed(
        &mut self,
        pending: PendingSignature,
        status: u16,
        body: &[u8],
    ) -> Result<Progress, Reason> {
        let policy = self.signing()?;
        let signature = policy.key.answer(status, body)?;
        let algorithm = policy.key.algorithm();
        let signer = Known {
            algorithm,
            octets: &pending.octets,
            signature,
        };
        let lines = self.signature_lines(&pending.response, &signer)?;
        Ok(pending.response.released(lines))
    }

    fn sign_response(&mut self, response: Response) -> Result<Progress, Reason> {
        let policy = self.signing()?;
        if let Some(secret) = policy.key.secret() {
            let lines = self.signature_lines(&response, secret)?;
            return Ok(response.released(lines));
        }
        let algorithm = policy.key.algorithm();
        let noted = Noted {
            algorithm,
            octets: RefCell::default(),
        };
        self.signature_lines(&response, &noted)?;
        let octets = noted.octets.into_inner();
        let (kid, operation) = self
            .signing()?
            .key
            .question(&octets)
            .ok_or(Reason::ResponseNotSigned)?;
        let question = self
            .ask(&kid, &operation)
            .map_err(|_| Reason::ResponseKeyService)?;
        let pending = Pending::ResponseSignature(Box::new(PendingSignature { response, octets }));
        Ok(self.hold_key(question, pending))
    }

    fn signature_lines(
        &self,
        response: &Response,
        signer: &dyn Signer,
    ) -> Result<Vec<HeaderEdit>, Reason> {
        let policy = self.signing()?;
        let request = self.request()?.message();
        let message = Message {
            headers: &response.headers,
            status: Some(response.status),
            request: Some(&request),
            ..Message::default()
        };
        let order = SignOrder {
            key_id: Some(policy.key.sender()),
            created: response.created,
            nonce: policy.scheme.signs_nonce().then_some(response.id.as_str()),
            ..SignOrder::default()
        };
        let lines = policy
            .scheme
            .sign(&message, &response.body, &order, signer)
            .map_err(|_| Reason::ResponseNotSigned)?;
        Ok(lines
            .into_iter()
            .map(|(name, value)| HeaderEdit::Set(name.into_bytes(), value.into_bytes()))
            .collect())
    }

    fn signing(&self) -> Result<&ResponseSigning, Reason> {
        let sign = self.respond_policy()?.sign.as_ref();
        sign.ok_or(Reason::UnexpectedEvent)
    }

    pub(super) fn respond_policy(&self) -> Result<&RespondPolicy, Reason> {
        match &self.decision {
            Decision::Judge(policy) => policy.respond.as_ref().ok_or(Reason::UnexpectedEvent),
            _ => Err(Reason::UnexpectedEvent),
        }
    }
}

impl Response {
    /// Lets the response go, with these further header lines.
    fn released(mut self, lines: Vec<HeaderEdit>) -> Progress {
        self.edits.extend(lines);
        Progress::Hold(Effect::Respond(Respond {
            edits: self.edits,
            body: self.sealed.then_some(self.body),
        }))
    }
}

/// Takes down what is to be signed elsewhere.
struct Noted {
    algorithm: Algorithm,
    octets: RefCell<Vec<u8>>,
}

impl Signer for Noted {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn sign(&self, parts: &[&[u8]]) -> Result<Vec<u8>, SignatureError> {
        self.octets.replace(parts.concat());
        // Stands in for the signature; these lines are thrown away.
        Ok(vec![0; 64])
    }
}

/// A signature that was made elsewhere, over these octets and no others.
struct Known<'a> {
    algorithm: Algorithm,
    octets: &'a [u8],
    signature: Vec<u8>,
}

impl Signer for Known<'_> {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn sign(&self, parts: &[&[u8]]) -> Result<Vec<u8>, SignatureError> {
        match parts.concat() == self.octets {
            true => Ok(self.signature.clone()),
            false => Err(SignatureError::SigningFailed),
        }
    }
}
