//! Where a PIN or a socket's token is kept, and reading it.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use zeroize::Zeroizing;

/// Longest secret, in bytes: longer files are a mistake in the configuration.
const MAX_SECRET_BYTES: u64 = 4096;

/// Where a secret is. It is read when needed and kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A file; one line end at its end does not count.
    File(PathBuf),
    /// An environment variable. Other processes of the same user can read it.
    Env(String),
    /// A systemd credential: a file of this name in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
}

impl fmt::Display for SecretSource {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(to, "the file {}", path.display()),
            Self::Env(name) => write!(to, "the environment variable {name}"),
            Self::Credential(name) => write!(to, "the systemd credential {name}"),
        }
    }
}

impl SecretSource {
    /// Reads the secret.
    ///
    /// # Errors
    /// When it is missing, empty, not UTF-8 or longer than 4096 bytes. The error names the
    /// source, never the content.
    pub fn read(&self) -> io::Result<Zeroizing<String>> {
        match self {
            Self::File(path) => read_file(path),
            Self::Env(name) => {
                let value = std::env::var(name).map(Zeroizing::new).map_err(|_| {
                    io::Error::other(format!("the environment variable {name} is not set"))
                })?;
                checked(value)
            }
            Self::Credential(name) => {
                let dir = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                    io::Error::other("CREDENTIALS_DIRECTORY is not set: not started by systemd?")
                })?;
                read_file(&PathBuf::from(dir).join(name))
            }
        }
    }
}

fn read_file(path: &std::path::Path) -> io::Result<Zeroizing<String>> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let file = File::open(path).map_err(named)?;
    // Large enough from the start: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(MAX_SECRET_BYTES as usize + 1));
    file.take(MAX_SECRET_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(named)?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    checked(text)
}

fn checked(text: Zeroizing<String>) -> io::Result<Zeroizing<String>> {
    if text.is_empty() {
        return Err(io::Error::other("the secret is empty"));
    }
    if text.len() as u64 > MAX_SECRET_BYTES {
        return Err(io::Error::other("the secret is longer than 4096 bytes"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gives_its_line_without_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pin");
        for (content, expected) in [
            ("1234", "1234"),
            ("1234\n", "1234"),
            ("1234\r\n", "1234"),
            ("12 \n\n", "12 \n"),
        ] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(*SecretSource::File(path.clone()).read().unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_secret_is_refused_without_showing_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pin");
        assert!(SecretSource::File(path.clone()).read().is_err());
        for content in [&b""[..], b"\n", b"\xff\xfe", &[b'7'; 4098]] {
            std::fs::write(&path, content).unwrap();
            let error = SecretSource::File(path.clone())
                .read()
                .unwrap_err()
                .to_string();
            assert!(!error.contains("777"), "{error}");
        }
        assert!(
            SecretSource::Env("SEALGATE_NOT_SET_ANYWHERE".into())
                .read()
                .is_err()
        );
    }
}
