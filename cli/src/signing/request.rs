//! A request on the command line: from arguments, or from the text of an HTTP/1.1 request.

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use anstream::eprintln;
use anyhow::{Context, Result, bail};

use crate::http::Outgoing;
use crate::seal::header;
use crate::sealing;

/// Most header lines of a request text.
const MAX_HEADERS: usize = 200;

/// The request to sign, verify or explain.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RequestArgs {
    /// Body as it is sent; `-` reads standard input, nothing means no body
    body: Option<PathBuf>,

    /// Where the request goes, as the signer sees it
    #[arg(long, value_name = "URL", required_unless_present = "request")]
    url: Option<String>,

    /// Request method
    #[arg(short = 'X', long, default_value = "POST")]
    method: String,

    /// A header, `name: value`
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    headers: Vec<String>,

    /// Read the whole request from this file: request line, headers, empty line, body.
    /// `Host` names the authority
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "body", "method", "headers"])]
    request: Option<PathBuf>,

    /// The scheme of a request that is read with --request is http, not https
    #[arg(long, requires = "request")]
    plain_http: bool,
}

impl RequestArgs {
    /// The request.
    ///
    /// # Errors
    /// When a file cannot be read, or the URL or a header is none.
    pub(crate) fn read(&self) -> Result<Outgoing> {
        if let Some(path) = &self.request {
            let text = read_file(path)?;
            return parse(&text, if self.plain_http { "http" } else { "https" })
                .with_context(|| format!("in {}", path.display()));
        }
        let headers: Result<Vec<(String, String)>> =
            self.headers.iter().map(|line| header(line)).collect();
        Ok(Outgoing {
            method: self.method.clone(),
            url: sealing::url(self.url.as_deref().unwrap_or_default())?,
            headers: headers?,
            body: match &self.body {
                Some(path) => read_file(path)?,
                None => Vec::new(),
            },
        })
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    if path.as_os_str() != "-" {
        return std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    }
    let mut input = std::io::stdin();
    if input.is_terminal() {
        eprintln!("reading from the keyboard; end with Ctrl-D");
    }
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads the text of an HTTP/1.1 request; what follows the empty line is the body, as it is.
fn parse(text: &[u8], scheme: &str) -> Result<Outgoing> {
    let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut lines);
    let httparse::Status::Complete(end) = request
        .parse(text)
        .map_err(|error| anyhow::anyhow!("this is no HTTP/1.1 request: {error}"))?
    else {
        bail!("the head has no end: an empty line must follow the headers");
    };
    let mut headers = Vec::new();
    let mut host = None;
    for line in request.headers.iter() {
        let value = std::str::from_utf8(line.value)
            .with_context(|| format!("the header {} is not text", line.name))?;
        let name = line.name.to_ascii_lowercase();
        if name == "host" {
            host = Some(value.to_owned());
        }
        headers.push((name, value.to_owned()));
    }
    let host = host.context("the request has no Host")?;
    let target = request.path.context("the request has no target")?;
    Ok(Outgoing {
        method: request
            .method
            .context("the request has no method")?
            .to_owned(),
        url: sealing::url(&format!("{scheme}://{host}{target}"))?,
        headers,
        body: text.get(end..).unwrap_or_default().to_vec(),
    })
}
