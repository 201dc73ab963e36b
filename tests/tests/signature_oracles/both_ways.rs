//! One check for every scheme: theirs to us, ours to them, and changed messages to both.

use std::time::{SystemTime, UNIX_EPOCH};

use sealgate_signature::scheme::verify;
use sealgate_signature::{
    HeaderLine, Message, Scheme, SignOrder, SignatureError, Signer, VerificationKey,
};
use serde_json::{Value, json};

use crate::oracle::Oracle;

/// A scheme, its key on both sides, and who answers for it.
pub(crate) struct Pair<'a> {
    pub(crate) oracle: Oracle,
    /// The file under `tests/makers/signatures/`.
    pub(crate) file: &'a str,
    pub(crate) scheme: &'a dyn Scheme,
    pub(crate) key: &'a VerificationKey,
    pub(crate) signer: &'a dyn Signer,
    /// The key as the library takes it.
    pub(crate) secret: &'a str,
    /// The key's name on the wire.
    pub(crate) key_id: Option<&'a str>,
    /// Whether the scheme signs the body; where it does not, the target is what is changed.
    pub(crate) signs_body: bool,
}

/// A request before it is signed.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Scheme, host and port, as in the URL that is called.
    pub(crate) origin: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// Members of the question that only this scheme has.
    pub(crate) more: Value,
}

impl Request {
    /// `POST` to `https://api.test`, without header fields of its own.
    pub(crate) fn post(target: &str, body: &str) -> Self {
        Self {
            method: "POST".into(),
            origin: "https://api.test".into(),
            target: target.into(),
            headers: Vec::new(),
            body: body.into(),
            more: json!({}),
        }
    }
}

/// Bodies as they come: JSON, a form, text beyond ASCII, much text.
pub(crate) fn bodies() -> [String; 5] {
    [
        r#"{"id":1,"amount":12.50}"#.into(),
        "a=b&c=%2F".into(),
        "\u{c548}\u{b155} \u{1f512}\r\n\ttabs".into(),
        "x".into(),
        "0123456789abcdef".repeat(4096),
    ]
}

impl Pair<'_> {
    /// A library signs, we verify; a changed message is refused.
    pub(crate) fn theirs_to_us(&self, request: &Request) {
        let mut signed = request.clone();
        signed
            .headers
            .extend(self.oracle.sign(&self.question(request)));
        assert_eq!(self.judge(&signed), Ok(()), "{} {signed:?}", self.file);
        assert!(self.judge(&self.changed(&signed)).is_err(), "{}", self.file);
    }

    /// We sign, a library verifies; it refuses a changed message, or the check would prove nothing.
    pub(crate) fn ours_to_them(&self, request: &Request) {
        let mut signed = request.clone();
        let lines = lines(request);
        let order = SignOrder {
            key_id: self.key_id,
            created: now(),
            nonce: Some("msg-0001"),
            ..SignOrder::default()
        };
        let added = self
            .scheme
            .sign(
                &message(request, &lines),
                request.body.as_bytes(),
                &order,
                self.signer,
            )
            .unwrap();
        signed.headers.extend(added);
        assert_eq!(self.judge(&signed), Ok(()), "{} {signed:?}", self.file);
        let answer = self.oracle.verify(&self.question(&signed));
        assert_eq!(answer, Ok(()), "{} {signed:?}", self.file);
        let changed = self.question(&self.changed(&signed));
        assert!(self.oracle.verify(&changed).is_err(), "{}", self.file);
    }

    /// Both directions.
    pub(crate) fn both_ways(&self, request: &Request) {
        self.theirs_to_us(request);
        self.ours_to_them(request);
    }

    /// Whether we take a signed request.
    pub(crate) fn judge(&self, request: &Request) -> Result<(), SignatureError> {
        let lines = lines(request);
        let message = message(request, &lines);
        let body = request.body.as_bytes();
        let mut refused = SignatureError::Missing;
        for presented in self.scheme.present(&message)? {
            assert_eq!(presented.key_id.as_deref(), self.key_id, "{}", self.file);
            let verified = verify(self.scheme, &message, &presented, body, self.key)
                .and_then(|_| self.scheme.check_body(&message, &presented, body));
            match verified {
                Ok(()) => return Ok(()),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    fn changed(&self, request: &Request) -> Request {
        let mut changed = request.clone();
        if self.signs_body {
            changed.body.push('x');
        } else {
            changed.target.push('x');
        }
        changed
    }

    fn question(&self, request: &Request) -> Value {
        let headers: serde_json::Map<String, Value> = request
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        let mut question = json!({
            "scheme": self.file,
            "secret": self.secret,
            "keyId": self.key_id,
            "method": request.method,
            "url": format!("{}{}", request.origin, request.target),
            "headers": headers,
            "body": request.body,
            "created": now(),
            "id": "msg-0001",
        });
        for (name, value) in request.more.as_object().into_iter().flatten() {
            question[name] = value.clone();
        }
        question
    }
}

fn lines(request: &Request) -> Vec<HeaderLine> {
    let lines = request.headers.iter();
    lines
        .map(|(name, value)| (name.clone().into(), value.clone().into()))
        .collect()
}

fn message<'m>(request: &'m Request, lines: &'m [HeaderLine]) -> Message<'m> {
    let (scheme, authority) = request.origin.split_once("://").expect("an origin");
    Message {
        method: request.method.as_bytes(),
        scheme: scheme.as_bytes(),
        authority: authority.as_bytes(),
        target: request.target.as_bytes(),
        headers: lines,
        ..Message::default()
    }
}

/// Libraries hold messages against the clock, so ours are made now.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock");
    i64::try_from(since.as_secs()).expect("a clock")
}
