//! A request as a line for a POSIX shell.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use anstream::{eprintln, println};
use anyhow::{Context, Result};

use crate::http::{Outgoing, TlsFiles};

/// How the body gets into the line.
enum Body<'a> {
    /// It is text: inside the line.
    Inline(&'a str),
    /// It was written to this file.
    File(&'a Path),
    None,
}

/// Prints the line; a body that is no text, or too long for a command line, goes to `out`.
///
/// # Errors
/// When `out` cannot be written.
pub(crate) fn print(
    request: &Outgoing,
    tls: &TlsFiles,
    connect: Option<&str>,
    out: &Path,
) -> Result<ExitCode> {
    let body = match std::str::from_utf8(&request.body) {
        Ok("") => Body::None,
        // A word of a command line has at most 128 KiB on Linux.
        Ok(text) if text.len() < 100_000 => Body::Inline(text),
        _ => {
            std::fs::write(out, &request.body)
                .with_context(|| format!("cannot write {}", out.display()))?;
            eprintln!("the body is in {}", out.display());
            Body::File(out)
        }
    };
    println!("{}", line(request, &body, tls, connect));
    Ok(ExitCode::SUCCESS)
}

/// A ready-to-paste curl command that sends exactly these bytes.
fn line(request: &Outgoing, body: &Body<'_>, tls: &TlsFiles, connect: Option<&str>) -> String {
    // No default headers of curl's own: what was sealed is what goes out.
    let mut line = format!("curl -sS -i -X {}", quoted(&request.method));
    if request.url.scheme_str() == Some("https") {
        line.push_str(" --tlsv1.3");
    }
    for (flag, file) in [
        ("--cacert", &tls.cacert),
        ("--cert", &tls.cert),
        ("--key", &tls.key),
    ] {
        if let Some(file) = file {
            let _ = write!(line, " {flag} {}", quoted(&file.to_string_lossy()));
        }
    }
    if let Some(address) = connect {
        let _ = write!(line, " --connect-to {}", quoted(&format!("::{address}")));
    }
    for (name, value) in &request.headers {
        let _ = write!(line, " \\\n  -H {}", quoted(&format!("{name}: {value}")));
    }
    match body {
        Body::Inline(text) => {
            let _ = write!(line, " \\\n  --data-binary {}", quoted(text));
        }
        Body::File(path) => {
            let _ = write!(
                line,
                " \\\n  --data-binary {}",
                quoted(&format!("@{}", path.display()))
            );
        }
        Body::None => {}
    }
    let _ = write!(line, " \\\n  {}", quoted(&request.url.to_string()));
    line
}

/// A word of a POSIX shell.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@,+%".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        for text in ["", "plain", "a b", "it's", "$HOME `x` \"y\" \\", "a\nb"] {
            let output = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {}", quoted(text))])
                .output()
                .expect("a shell");
            assert_eq!(String::from_utf8_lossy(&output.stdout), text);
        }
    }
}
