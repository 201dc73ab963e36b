//! `sealgate seal`.

use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anstream::{eprintln, println};
use anyhow::{Context, Result, bail};

use sealgate_format::{Name, SealKey, Session};

use crate::http::{self, Answer, Outgoing, Route, TlsFiles};
use crate::policy_file::PolicyFile;
use crate::sealing::formats::FormatArgs;
use crate::sealing::from_policy::Chosen;
use crate::sealing::inside::InnerSigner;
use crate::sealing::keys::{self, NamedSecret, Recipient};
use crate::sealing::token::{Issuer, TokenRecipient};
use crate::sealing::{self, BodySeal, Plan, session};
use crate::signing::{self, KeyArgs, SchemeArgs, Signing};
use crate::{curl, print};

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    # everything from the policy, public keys from the bridge; prints a curl line\n  \
    sealgate seal --policy policy.yaml --bridge /run/hsm-bridge/data.sock \\\n      \
        --url https://api.bank.test/payments order.json\n\n  \
    # keys by hand, and send it\n  \
    sealgate seal --url https://api.bank.test/payments --mac-key partner-a=env:MAC_KEY \\\n      \
        --recipient gateway.jwk --kid gw-ec order.json \\\n      \
        --send --cacert ca.pem --cert me.pem --key me.key\n\n  \
    # a vendor's format, whole or as members of a JSON body; `--help` lists all under --format\n  \
    sealgate seal --url https://api.bank.test/pay --recipient gate.jwk --format mastercard-jwe \\\n      \
        --field '$.card.encryptedData.encryptedValue=$.card.data' order.json\n  \
    sealgate seal --url https://api.bank.test/pay --recipient gate.jwk --format juspay \\\n      \
        --sign-inside me.pem order.json\n\n  \
    # what a gate would answer, as its client gets it\n  \
    sealgate seal --url https://api.bank.test/pay --recipient client.jwk --format cybersource \\\n      \
        --response 200 --body-only answer.json | sealgate open --format cybersource \\\n      \
        --response 200 --jwk client.pem\n\n  \
    # a GitHub webhook\n  \
    sealgate seal --url https://hooks.test/push --scheme github --mac-key hook=env-text:SECRET push.json")]
pub(crate) struct Args {
    /// Body in the clear; `-` or nothing reads standard input
    body: Option<PathBuf>,

    /// Where the request goes; what is signed is this URL
    #[arg(long, value_name = "URL")]
    url: String,

    /// Request method
    #[arg(short = 'X', long, default_value = "POST")]
    method: String,

    /// A further header, `name: value`
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    headers: Vec<String>,

    /// Content type of the body in the clear
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,

    /// Take formats and keys from this policy file
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "response",
        help_heading = "From a policy"
    )]
    policy: Option<PathBuf>,

    /// Name of the policy in it, when it has several
    #[arg(
        long,
        value_name = "NAME",
        requires = "policy",
        help_heading = "From a policy"
    )]
    apply: Option<String>,

    /// Data socket of hsm-bridge, asked for public keys
    #[arg(
        long,
        value_name = "SOCKET",
        requires = "policy",
        help_heading = "From a policy"
    )]
    bridge: Option<PathBuf>,

    /// Sign with this key; see SOURCE below
    #[arg(long, value_name = "ID=SOURCE", long_help = keys::SECRET_HELP, help_heading = "Signature")]
    mac_key: Option<String>,

    #[command(flatten)]
    scheme: SchemeArgs,

    /// Signing time in seconds since the Unix epoch, instead of now
    #[arg(long, value_name = "SECONDS", help_heading = "Signature")]
    created: Option<i64>,

    /// Do not sign, whatever the policy says
    #[arg(long, conflicts_with = "mac_key", help_heading = "Signature")]
    unsigned: bool,

    /// Encrypt the body to this JWK (EC, RSA or oct) as a compact JWE
    #[arg(long, value_name = "FILE", help_heading = "Body")]
    recipient: Option<PathBuf>,

    /// Key id to write into the JWE, instead of the JWK's
    #[arg(long, value_name = "ID", help_heading = "Body")]
    kid: Option<String>,

    /// JWE algorithm, instead of the one that goes with the key's type
    #[arg(long, value_name = "ALG", help_heading = "Body")]
    alg: Option<String>,

    /// Encrypt the body with this shared key, as raw AES-256-GCM unless --alg and --format say
    /// otherwise; see SOURCE
    #[arg(
        long,
        value_name = "ID=SOURCE",
        conflicts_with = "recipient",
        help_heading = "Body"
    )]
    body_key: Option<String>,

    #[command(flatten)]
    format: FormatArgs,

    /// Private key that signs the JWS inside (juspay, uae-open-finance; wise and jwe where it is there):
    /// a JWK, or RSA in PEM
    #[arg(long, value_name = "FILE", help_heading = "Format")]
    sign_inside: Option<PathBuf>,

    /// whatsapp-flows: where a request leaves the key of its answer, and the answer finds it
    #[arg(
        long,
        value_name = "FILE",
        requires = "format",
        help_heading = "Format"
    )]
    session: Option<PathBuf>,

    /// Leave the body in the clear, whatever the policy says
    #[arg(long, conflicts_with_all = ["recipient", "body_key", "format"], help_heading = "Body")]
    plain: bool,

    /// File with a finished token for `Authorization: Bearer`
    #[arg(long, value_name = "FILE", help_heading = "Token")]
    token: Option<PathBuf>,

    /// Make a token from these claims (a JSON file)
    #[arg(
        long,
        value_name = "FILE",
        requires = "issuer_key",
        conflicts_with = "token",
        help_heading = "Token"
    )]
    claims: Option<PathBuf>,

    /// Private JWK that signs the token
    #[arg(long, value_name = "FILE", help_heading = "Token")]
    issuer_key: Option<PathBuf>,

    /// Encrypt the token to this JWK; a policy's token key is used otherwise
    #[arg(long, value_name = "FILE", help_heading = "Token")]
    token_recipient: Option<PathBuf>,

    /// Send the request and print the answer, instead of a curl line
    #[arg(long, conflicts_with = "response", help_heading = "Sending")]
    send: bool,

    /// Write the sealed body to standard output and nothing else
    #[arg(long, conflicts_with = "send", help_heading = "Sending")]
    body_only: bool,

    /// Connect to this HOST:PORT instead of the URL's
    #[arg(long, value_name = "HOST:PORT", help_heading = "Sending")]
    connect: Option<String>,

    #[command(flatten)]
    tls: TlsFiles,

    /// Write a binary body here, for the curl line
    #[arg(long, value_name = "FILE", default_value = "sealed.bin")]
    out: PathBuf,
}

pub(crate) async fn run(args: &Args) -> Result<ExitCode> {
    let plan = args.plan().await?;
    let body = args.read_body()?;
    let sealed = plan.seal(&body)?;
    if args.send {
        args.send(sealed).await
    } else if args.body_only {
        std::io::stdout().write_all(&sealed.body)?;
        Ok(ExitCode::SUCCESS)
    } else {
        curl::print(&sealed, &args.tls, args.connect.as_deref(), &args.out)
    }
}

impl Args {
    async fn plan(&self) -> Result<Plan> {
        let file = self.policy.as_deref().map(PolicyFile::read).transpose()?;
        let chosen = match &file {
            Some(file) => Some(Chosen::new(
                file,
                self.apply.as_deref(),
                self.bridge.as_deref(),
            )?),
            None => None,
        };
        let content_type = self
            .content_type
            .as_deref()
            .or_else(|| chosen.as_ref()?.content_type())
            .unwrap_or("application/json")
            .to_owned();
        Ok(Plan {
            method: self.method.clone(),
            url: sealing::url(&self.url)?,
            headers: self
                .headers
                .iter()
                .map(|text| header(text))
                .collect::<Result<_>>()?,
            content_type,
            token: self.token(chosen.as_ref()).await?,
            body: self.body_seal(chosen.as_ref()).await?,
            signing: self.signing(chosen.as_ref())?,
        })
    }

    fn signing(&self, chosen: Option<&Chosen<'_>>) -> Result<Option<Signing>> {
        if self.unsigned {
            return Ok(None);
        }
        let created = self.created.map_or_else(sealing::now, Ok)?;
        let Some(text) = &self.mac_key else {
            return chosen.map_or(Ok(None), |chosen| chosen.signing(created));
        };
        let scheme = self.scheme.build()?;
        let key = KeyArgs {
            mac_key: Some(text.clone()),
            alg: None,
        };
        let (key_id, signer) = signing::signer(scheme.as_ref(), &key, None)?;
        Ok(Some(Signing {
            scheme,
            key_id,
            signer,
            created,
            nonce: None,
        }))
    }

    async fn body_seal(&self, chosen: Option<&Chosen<'_>>) -> Result<BodySeal> {
        if self.plain {
            return Ok(BodySeal::Plain);
        }
        if let Some(text) = &self.body_key {
            let named = NamedSecret::parse(text)?;
            let alg = self.alg.as_deref().unwrap_or("A256GCM");
            let key = SealKey::shared(alg, &named.bytes)
                .map_err(|fault| anyhow::anyhow!("the key {} is unusable: {fault}", named.id))?;
            return self.sealed(key, named.id);
        }
        if let Some(path) = &self.recipient {
            let jwk = keys::jwk_file(path)?;
            let key = SealKey::from_jwk(&jwk, self.alg.as_deref())
                .map_err(|fault| anyhow::anyhow!("the recipient's JWK is unusable: {fault}"))?;
            let kid = self.kid.clone().or_else(|| kid_of(&jwk));
            return self.sealed(key, kid.unwrap_or_default());
        }
        match chosen {
            Some(chosen) => chosen.body().await,
            None => Ok(BodySeal::Plain),
        }
    }

    /// The body sealed with `key`, in the format that was asked for or goes with it.
    fn sealed(&self, key: SealKey, kid: String) -> Result<BodySeal> {
        let usual = match key.jwe() {
            Some(_) => Name::Jwe,
            None => Name::Aes256Gcm,
        };
        let format = self.format.build(usual, self.sign_inside.is_some())?;
        if !format.takes(key.management()) {
            bail!("{} is not sealed with {}", format.name().name(), key.alg());
        }
        let signer = self.sign_inside.as_deref();
        let signer = signer.map(|path| InnerSigner::read(path, format.name()).map(Box::new));
        Ok(BodySeal::Sealed {
            session: self.session(format.name())?,
            format: Box::new(format),
            key,
            kid,
            status: self.format.response,
            signer: signer.transpose()?,
        })
    }

    /// What a request of `whatsapp-flows` makes for its answer, or what the answer takes up.
    fn session(&self, format: Name) -> Result<Option<Session>> {
        if format != Name::WhatsappFlows {
            return match self.session {
                Some(_) => bail!("{}: --session is for whatsapp-flows", format.name()),
                None => Ok(None),
            };
        }
        match (&self.session, self.format.response) {
            (Some(path), Some(_)) => session::read(path).map(Some),
            (None, Some(_)) => Ok(None),
            (path, None) => session::make(path.as_deref()).map(Some),
        }
    }

    async fn token(&self, chosen: Option<&Chosen<'_>>) -> Result<Option<String>> {
        if let Some(path) = &self.token {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            return Ok(Some(text.trim().to_owned()));
        }
        let (Some(claims), Some(issuer)) = (&self.claims, &self.issuer_key) else {
            return Ok(None);
        };
        let claims: serde_json::Value = serde_json::from_slice(&std::fs::read(claims)?)
            .with_context(|| format!("{} holds no JSON", claims.display()))?;
        let issuer = Issuer::from_jwk(&keys::jwk_file(issuer)?)?;
        let recipient = match (&self.token_recipient, chosen) {
            (Some(path), _) => {
                let jwk = keys::jwk_file(path)?;
                Some(TokenRecipient {
                    key: Recipient::from_jwk(&jwk, None)?,
                    kid: kid_of(&jwk),
                })
            }
            (None, Some(chosen)) => chosen.token_recipient().await?,
            (None, None) => None,
        };
        issuer.token(&claims, recipient.as_ref()).map(Some)
    }

    fn read_body(&self) -> Result<Vec<u8>> {
        match &self.body {
            Some(path) if path.as_os_str() != "-" => {
                std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
            }
            _ => {
                let mut input = std::io::stdin();
                if input.is_terminal() {
                    eprintln!("reading the body from the keyboard; end with Ctrl-D");
                }
                let mut body = Vec::new();
                input.read_to_end(&mut body)?;
                Ok(body)
            }
        }
    }

    async fn send(&self, sealed: Outgoing) -> Result<ExitCode> {
        let secure = sealed.url.scheme_str() == Some("https");
        let route = Route {
            tls: if secure {
                Some(self.tls.client()?)
            } else {
                None
            },
            connect: self.connect.clone(),
            socket: None,
        };
        let Answer {
            status,
            headers,
            body,
            group,
        } = http::send(&route, sealed).await?;
        let style = if status < 400 {
            print::GOOD
        } else {
            print::BAD
        };
        println!(
            "{style}{status}{style:#}{}",
            group
                .map(|group| format!(" over {group}"))
                .unwrap_or_default()
        );
        for (name, value) in headers {
            println!("{name}: {value}");
        }
        println!();
        std::io::stdout().write_all(&body)?;
        println!();
        Ok(if status < 400 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// Reads `name: value`.
pub(crate) fn header(text: &str) -> Result<(String, String)> {
    match text.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        }
        _ => bail!("a header is written `name: value`, not `{text}`"),
    }
}

fn kid_of(jwk: &serde_json::Value) -> Option<String> {
    jwk.get("kid")?.as_str().map(Into::into)
}
