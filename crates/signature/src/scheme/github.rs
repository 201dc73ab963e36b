//! GitHub's webhook signature over the raw body: `X-Hub-Signature-256: sha256=<64 lower-case hex>`,
//! and the older `X-Hub-Signature: sha1=<40 lower-case hex>` for the senders that have only that.
//!
//! HMAC-SHA-256 or HMAC-SHA-1, the key is the webhook's secret as text. Covered: the body, nothing
//! else. `X-GitHub-Delivery`, which names the delivery, is not signed: it is no guard against a
//! replay. The two are two schemes, so that SHA-1 is never run where a policy does not name it.
//!
//! Confirmed against GitHub's documentation ("Validating webhook deliveries", "Webhook events and
//! payloads": `X-GitHub-Delivery` is a GUID of the event, SHA-1 is kept for old integrations only)
//! and npm `@octokit/webhooks-methods`.

use super::{Coverage, Presented, Scheme, SignOrder, SignedOctets};
use crate::text::hex;
use crate::{Algorithm, Message, SignatureError, Signer};

/// The header field, lower case.
pub const HEADER: &str = "x-hub-signature-256";
/// The header field of the older form, lower case.
pub const SHA1_HEADER: &str = "x-hub-signature";

/// GitHub webhooks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Github;

/// GitHub webhooks in the older form with SHA-1.
#[derive(Debug, Clone, Copy, Default)]
pub struct GithubSha1;

/// What the two forms differ in.
struct Form {
    header: &'static str,
    prefix: &'static str,
    mac_bytes: usize,
}

const SHA256: Form = Form {
    header: HEADER,
    prefix: "sha256=",
    mac_bytes: 32,
};
const SHA1: Form = Form {
    header: SHA1_HEADER,
    prefix: "sha1=",
    mac_bytes: 20,
};

impl Form {
    /// The prefix and exactly the digits of one MAC.
    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        let value = message.single(self.header)?;
        let digits = value
            .strip_prefix(self.prefix.as_bytes())
            .ok_or(SignatureError::Malformed)?;
        Ok(vec![Presented {
            signatures: vec![hex::decode_exactly(digits, self.mac_bytes)?],
            needs_body: true,
            covered: vec!["body".into()],
            ..Default::default()
        }])
    }

    fn line(&self, mac: &[u8]) -> (String, String) {
        let value = format!("{}{}", self.prefix, hex::encode(mac));
        (self.header.into(), value)
    }
}

impl Scheme for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn guarantees(&self) -> Coverage {
        Coverage::BODY
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        &[Algorithm::HmacSha256]
    }

    fn headers(&self) -> Vec<&str> {
        vec![HEADER]
    }

    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        SHA256.present(message)
    }

    fn signed_octets<'m>(
        &self,
        _message: &Message<'m>,
        _presented: &'m Presented,
        body: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError> {
        Ok(SignedOctets::default().borrowed(body))
    }

    fn sign(
        &self,
        _message: &Message<'_>,
        body: &[u8],
        _order: &SignOrder<'_>,
        signer: &dyn Signer,
    ) -> Result<Vec<(String, String)>, SignatureError> {
        Ok(vec![SHA256.line(&super::signed_by(self, signer, &[body])?)])
    }
}

impl Scheme for GithubSha1 {
    fn name(&self) -> &'static str {
        "github-sha1"
    }

    fn guarantees(&self) -> Coverage {
        Coverage::BODY
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        &[Algorithm::HmacSha1]
    }

    fn headers(&self) -> Vec<&str> {
        vec![SHA1_HEADER]
    }

    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        SHA1.present(message)
    }

    fn signed_octets<'m>(
        &self,
        _message: &Message<'m>,
        _presented: &'m Presented,
        body: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError> {
        Ok(SignedOctets::default().borrowed(body))
    }

    fn sign(
        &self,
        _message: &Message<'_>,
        body: &[u8],
        _order: &SignOrder<'_>,
        signer: &dyn Signer,
    ) -> Result<Vec<(String, String)>, SignatureError> {
        Ok(vec![SHA1.line(&super::signed_by(self, signer, &[body])?)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheme::verify;
    use crate::{MacKey, VerificationKey};

    /// The example of GitHub's documentation, "Validating webhook deliveries".
    const DOCUMENTED: &str =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn key() -> MacKey {
        MacKey::new(b"It's a Secret to Everybody".to_vec()).unwrap()
    }

    fn check(value: &str, body: &[u8]) -> Result<(), SignatureError> {
        let headers = [(HEADER.into(), value.into())];
        let message = Message {
            headers: &headers,
            ..Default::default()
        };
        let presented = Github.present(&message)?;
        let key = VerificationKey::Mac(key());
        verify(&Github, &message, &presented[0], body, &key).map(|_| ())
    }

    #[test]
    fn documented_example_verifies_and_is_what_we_sign() {
        assert_eq!(check(DOCUMENTED, b"Hello, World!"), Ok(()));
        assert_eq!(
            check(DOCUMENTED, b"Hello, World?"),
            Err(SignatureError::Mismatch)
        );
        let signed = Github.sign(
            &Message::default(),
            b"Hello, World!",
            &SignOrder::default(),
            &key(),
        );
        assert_eq!(signed, Ok(vec![(HEADER.into(), DOCUMENTED.into())]));
    }

    #[test]
    fn anything_but_the_exact_form_is_malformed() {
        for value in [
            "",
            "sha256=",
            "sha1=757107ea0eb2509fc211221cce984b8a37570b6d",
            &DOCUMENTED.to_uppercase(),
            &DOCUMENTED.replace("757", "75"),
            &format!("{DOCUMENTED}0"),
            &format!("{DOCUMENTED}00"),
            &format!(" {DOCUMENTED}"),
            &format!("{DOCUMENTED}, {DOCUMENTED}"),
            &DOCUMENTED.replace('e', "E"),
            &DOCUMENTED.replace('e', "g"),
        ] {
            let refused = check(value, b"Hello, World!");
            assert_eq!(refused, Err(SignatureError::Malformed), "{value}");
        }
    }
}
