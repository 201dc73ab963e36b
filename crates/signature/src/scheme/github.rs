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

use super::raw_body::{MacForm, RawBodyMac};
use crate::Algorithm;

/// The header field, lower case.
pub const HEADER: &str = "x-hub-signature-256";
/// The header field of the older form, lower case.
pub const SHA1_HEADER: &str = "x-hub-signature";

/// GitHub webhooks.
pub const GITHUB: RawBodyMac = RawBodyMac {
    name: "github",
    header: HEADER,
    prefix: "sha256=",
    form: MacForm::Hex,
    algorithms: &[Algorithm::HmacSha256],
    mac_bytes: 32,
};

/// GitHub webhooks in the older form with SHA-1.
pub const GITHUB_SHA1: RawBodyMac = RawBodyMac {
    name: "github-sha1",
    header: SHA1_HEADER,
    prefix: "sha1=",
    form: MacForm::Hex,
    algorithms: &[Algorithm::HmacSha1],
    mac_bytes: 20,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheme::{Scheme, SignOrder, verify};
    use crate::{MacKey, Message, SignatureError, VerificationKey};

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
        let presented = GITHUB.present(&message)?;
        let key = VerificationKey::Mac(key());
        verify(&GITHUB, &message, &presented[0], body, &key).map(|_| ())
    }

    #[test]
    fn documented_example_verifies_and_is_what_we_sign() {
        assert_eq!(check(DOCUMENTED, b"Hello, World!"), Ok(()));
        assert_eq!(
            check(DOCUMENTED, b"Hello, World?"),
            Err(SignatureError::Mismatch)
        );
        let signed = GITHUB.sign(
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
