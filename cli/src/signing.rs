//! Signing and verifying of messages on the command line: schemes, keys, and the request as a
//! scheme sees it.

mod key;
pub(crate) mod request;

use anyhow::{Context, Result, bail};
use sealgate_engine::signature_scheme;
use sealgate_signature::scheme::rfc9421::{Component, Rfc9421};
use sealgate_signature::{HeaderLine, Message, Scheme, SignOrder, Signer};
use serde_json::{Value, json};

use crate::http::Outgoing;
use crate::sealing;
pub(crate) use key::{KeyArgs, PrivateKey, signer};

/// Which scheme, and its options.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct SchemeArgs {
    /// Signature scheme, as in a policy: rfc9421, stripe, standard-webhooks, aws-sigv4, kong, ...
    #[arg(long, value_name = "NAME", help_heading = "Signature")]
    pub(crate) scheme: Option<String>,

    /// Parts to cover, in the words of the scheme; several times or with commas
    #[arg(
        long,
        value_name = "PART",
        value_delimiter = ',',
        requires = "scheme",
        help_heading = "Signature"
    )]
    cover: Vec<String>,

    /// An option of the scheme, as in a policy's `signature.options`; JSON values as they are
    #[arg(
        long = "option",
        value_name = "NAME=VALUE",
        requires = "scheme",
        help_heading = "Signature"
    )]
    options: Vec<String>,
}

/// How a request is signed.
pub(crate) struct Signing {
    pub(crate) scheme: Box<dyn Scheme>,
    /// The key's name on the wire.
    pub(crate) key_id: String,
    pub(crate) signer: Box<dyn Signer>,
    /// Seconds since the Unix epoch.
    pub(crate) created: i64,
    /// Nonce or message id; made when the scheme signs one and none is given.
    pub(crate) nonce: Option<String>,
}

impl SchemeArgs {
    /// The scheme that the arguments name.
    ///
    /// # Errors
    /// Every fault of the options, with its remedy.
    pub(crate) fn build(&self) -> Result<Box<dyn Scheme>> {
        let mut options = serde_json::Map::new();
        for option in &self.options {
            let (name, text) = option
                .split_once('=')
                .context("an option is written NAME=VALUE")?;
            let value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
            options.insert(name.to_owned(), value);
        }
        let mut section = json!({
            "scheme": self.scheme.as_deref().unwrap_or("rfc9421"),
            "keys": [],
            "options": options,
        });
        if let (false, Some(members)) = (self.cover.is_empty(), section.as_object_mut()) {
            members.insert("cover".into(), json!(self.cover));
        }
        from_section(section)
    }
}

/// The scheme of a policy's `signature` section.
///
/// # Errors
/// Every fault of the section, with its remedy.
pub(crate) fn from_section(section: Value) -> Result<Box<dyn Scheme>> {
    signature_scheme(section).map_err(|faults| {
        let lines: Vec<String> = faults
            .iter()
            .map(|fault| format!("{} {}: {}", fault.path, fault.problem, fault.fix))
            .collect();
        anyhow::anyhow!("{}", lines.join("\n"))
    })
}

impl Signing {
    /// Signs the request: adds the scheme's header lines.
    ///
    /// # Errors
    /// When the scheme cannot sign this request with this key.
    pub(crate) fn sign(&self, sealed: &mut Outgoing) -> Result<()> {
        let nonce = match &self.nonce {
            Some(nonce) => Some(nonce.clone()),
            None if self.scheme.signs_nonce() => Some(sealing::random_text::<16>()?),
            None => None,
        };
        let order = SignOrder {
            key_id: Some(&self.key_id),
            created: self.created,
            nonce: nonce.as_deref(),
            ..SignOrder::default()
        };
        let with_token;
        let scheme = match self.over_token(sealed)? {
            Some(scheme) => {
                with_token = scheme;
                &with_token as &dyn Scheme
            }
            None => self.scheme.as_ref(),
        };
        let headers = header_lines(sealed);
        let lines = scheme
            .sign(
                &message(sealed, &headers)?,
                &sealed.body,
                &order,
                self.signer.as_ref(),
            )
            .map_err(|error| anyhow::anyhow!("the request cannot be signed: {error}"))?;
        for (name, value) in lines {
            sealed
                .headers
                .retain(|(line, _)| !line.eq_ignore_ascii_case(&name));
            sealed.headers.push((name, value));
        }
        Ok(())
    }

    /// RFC 9421 signatures cover an access token too, whatever the gate demands.
    fn over_token(&self, sealed: &Outgoing) -> Result<Option<Rfc9421>> {
        let has_token = sealed
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        let Some(scheme) = self.scheme.as_rfc9421().filter(|_| has_token) else {
            return Ok(None);
        };
        let mut scheme = scheme.clone();
        let token = Component::new("authorization").map_err(|error| anyhow::anyhow!("{error}"))?;
        if !scheme.required.contains(&token) {
            scheme.required.push(token);
        }
        Ok(Some(scheme))
    }
}

/// The header lines of a request, as [`message`] borrows them.
pub(crate) fn header_lines(request: &Outgoing) -> Vec<HeaderLine> {
    request
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.to_ascii_lowercase().into_bytes(),
                value.clone().into_bytes(),
            )
        })
        .collect()
}

/// The request as a scheme sees it.
///
/// # Errors
/// When the URL is not absolute.
pub(crate) fn message<'a>(request: &'a Outgoing, headers: &'a [HeaderLine]) -> Result<Message<'a>> {
    let (Some(scheme), Some(authority)) = (request.url.scheme_str(), request.url.authority())
    else {
        bail!("the URL has no scheme and host");
    };
    Ok(Message {
        method: request.method.as_bytes(),
        scheme: scheme.as_bytes(),
        authority: authority.as_str().as_bytes(),
        target: sealing::target(&request.url).as_bytes(),
        headers,
        ..Message::default()
    })
}
