//! `hsm-bridge rotate`, `state`, `destroy`: changes of keys, asked of the running bridge on its
//! admin socket, so that they are in force when the command ends.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::Value;

use super::words::NewState;
use super::{Failed, Format};
use crate::config::Config;

/// How long the token may take to make a key.
const PATIENCE: Duration = Duration::from_secs(60);

/// A new version, in use at once, or only prepared.
pub(super) fn rotate(config: &Config, kid: &str, prepare: bool) -> Result<Value, Failed> {
    let what = if prepare { "prepare" } else { "rotate" };
    ask(config, kid, what, "{}")
}

/// Another state for one version.
pub(super) fn state(config: &Config, kid: &str, to: NewState) -> Result<Value, Failed> {
    let what = match to {
        NewState::Active => "activate",
        NewState::Retired => "retire",
        NewState::Disabled => "disable",
        NewState::Enabled => "enable",
    };
    ask(config, kid, what, "{}")
}

/// Schedules a destruction, or cancels it.
pub(super) fn destroy(
    config: &Config,
    kid: &str,
    fingerprint: &str,
    yes: bool,
) -> Result<Value, Failed> {
    if !yes {
        let after = config.lifecycle.destroy_after.as_secs();
        return Err(Failed(format!(
            "{kid} would be destroyed in {after} s, and with it everything that is sealed to it: \
             --yes says that this is meant"
        )));
    }
    let more = serde_json::json!({ "fp": fingerprint }).to_string();
    ask(config, kid, "destroy", &more)
}

/// Takes a scheduled destruction back.
pub(super) fn cancel(config: &Config, kid: &str) -> Result<Value, Failed> {
    ask(config, kid, "cancel", "{}")
}

/// Prints the version after the change.
pub(super) fn show(version: &Value, format: Format) {
    if format == Format::Json {
        println!("{version}");
        return;
    }
    let text = |name: &str| {
        let text = version.get(name).and_then(Value::as_str);
        text.unwrap_or("-").to_owned()
    };
    let number = version.get("ver").and_then(Value::as_u64).unwrap_or(0);
    let (state, label, fp) = (text("state"), text("label"), text("fp"));
    println!("version {number} is {state} (label {label}, fingerprint {fp})");
    if let Some(due) = version.get("due").and_then(Value::as_u64) {
        println!(
            "it will be destroyed at {due} (seconds of Unix time); `destroy --cancel` stops that"
        );
    }
}

fn ask(config: &Config, kid: &str, what: &str, body: &str) -> Result<Value, Failed> {
    if !sealgate_wire::is_kid(kid) {
        return Err(Failed("a kid is 1 to 64 of A-Z a-z 0-9 . _ # -".into()));
    }
    let socket = &config.server.admin_socket;
    let mut stream = UnixStream::connect(socket).map_err(|error| {
        Failed(format!(
            "{}: {error}: changes are made by the running bridge (`hsm-bridge serve`)",
            socket.display()
        ))
    })?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let kid = kid.replace('#', "%23");
    write!(
        stream,
        "POST /admin/v1/keys/{kid}/{what} HTTP/1.1\r\nhost: bridge\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| Failed("the bridge closed without an answer".into()))?;
    let value: Value = serde_json::from_str(body)?;
    if head.starts_with("HTTP/1.1 200 ") {
        return Ok(value);
    }
    let message = value
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or("no reason was given");
    Err(Failed(message.to_owned()))
}
