//! The few calls of WASI preview 1 that a proxy-wasm module imports. No file, no socket, no clock
//! but the host's.

use super::State;
use super::imports::Registry;
use super::memory::{read, write, write_u32};
use crate::abi::{LogLevel, Status};
use wasmtime::Caller;

const MODULE: &str = "wasi_snapshot_preview1";
const SUCCESS: u32 = 0;
const BADF: u32 = 8;
const FAULT: u32 = 21;
const INVAL: u32 = 28;
const NOSYS: u32 = 52;

/// Largest random request, bytes; a guest asks for seeds and nonces.
const RANDOM_BYTES: u32 = 1 << 16;

pub(super) fn add(registry: &mut Registry<'_>) -> wasmtime::Result<()> {
    let allows = |name: &str| registry.capabilities.allows(name);
    let linker = &mut registry.linker;
    if allows("random_get") {
        linker.func_wrap(
            MODULE,
            "random_get",
            |mut c: Caller<'_, State>, at: u32, size: u32| {
                if size > RANDOM_BYTES {
                    return INVAL;
                }
                let mut bytes = vec![0u8; size as usize];
                if getrandom::fill(&mut bytes).is_err() {
                    return NOSYS;
                }
                errno(write(&mut c, at, &bytes))
            },
        )?;
    }
    if allows("environ_sizes_get") {
        linker.func_wrap(
            MODULE,
            "environ_sizes_get",
            |mut c: Caller<'_, State>, count_at: u32, size_at: u32| {
                let entries = environment(&c);
                let bytes: usize = entries.iter().map(Vec::len).sum();
                let (Ok(count), Ok(bytes)) = (u32::try_from(entries.len()), u32::try_from(bytes))
                else {
                    return INVAL;
                };
                errno(
                    write_u32(&mut c, count_at, count)
                        .and_then(|()| write_u32(&mut c, size_at, bytes)),
                )
            },
        )?;
    }
    if allows("environ_get") {
        linker.func_wrap(MODULE, "environ_get", environ_get)?;
    }
    if allows("fd_write") {
        linker.func_wrap(MODULE, "fd_write", fd_write)?;
    }
    if allows("clock_time_get") {
        linker.func_wrap(
            MODULE,
            "clock_time_get",
            |mut c: Caller<'_, State>, _clock: u32, _precision: u64, at: u32| {
                let now = c.data().services.clock.unix_nanos();
                errno(write(&mut c, at, &now.to_le_bytes()))
            },
        )?;
    }
    if allows("proc_exit") {
        linker.func_wrap(
            MODULE,
            "proc_exit",
            |_c: Caller<'_, State>, code: u32| -> wasmtime::Result<()> {
                Err(wasmtime::Error::msg(format!(
                    "the guest exited with {code}"
                )))
            },
        )?;
    }
    Ok(())
}

fn environment(c: &Caller<'_, State>) -> Vec<Vec<u8>> {
    c.data()
        .spec
        .env
        .iter()
        .map(|(key, value)| format!("{key}={value}\0").into_bytes())
        .collect()
}

fn environ_get(mut c: Caller<'_, State>, table: u32, buffer: u32) -> u32 {
    let (mut entry_at, mut text_at) = (table, buffer);
    for entry in environment(&c) {
        let wrote =
            write_u32(&mut c, entry_at, text_at).and_then(|()| write(&mut c, text_at, &entry));
        if wrote.is_err() {
            return FAULT;
        }
        entry_at = entry_at.saturating_add(4);
        text_at = text_at.saturating_add(u32::try_from(entry.len()).unwrap_or(u32::MAX));
    }
    SUCCESS
}

/// Standard output and error become log lines, as in Envoy.
fn fd_write(mut c: Caller<'_, State>, fd: u32, iovs: u32, count: u32, written_at: u32) -> u32 {
    let level = match fd {
        1 => LogLevel::Info,
        2 => LogLevel::Error,
        _ => return BADF,
    };
    let mut text = Vec::new();
    for index in 0..count.min(1024) {
        let Some(at) = index
            .checked_mul(8)
            .and_then(|offset| iovs.checked_add(offset))
        else {
            return INVAL;
        };
        let piece = vector(&c, at).and_then(|(data, size)| read(&c, data, size));
        match piece {
            Ok(bytes) => text.extend_from_slice(&bytes),
            Err(_) => return FAULT,
        }
    }
    let written = u32::try_from(text.len()).unwrap_or(u32::MAX);
    c.data()
        .services
        .logs
        .push(level, String::from_utf8_lossy(&text).into_owned());
    errno(write_u32(&mut c, written_at, written))
}

fn vector(c: &Caller<'_, State>, at: u32) -> Result<(u32, u32), Status> {
    let bytes: [u8; 8] = read(c, at, 8)?
        .try_into()
        .map_err(|_| Status::InvalidMemoryAccess)?;
    let [a, b, d, e, f, g, h, i] = bytes;
    Ok((
        u32::from_le_bytes([a, b, d, e]),
        u32::from_le_bytes([f, g, h, i]),
    ))
}

fn errno(result: Result<(), Status>) -> u32 {
    if result.is_ok() { SUCCESS } else { FAULT }
}
