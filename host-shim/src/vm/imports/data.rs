//! Buffers, shared data, metrics, logs and time.

use super::maps::give_checked;
use super::{Registry, add};
use crate::abi::{BufferKind, LogLevel, Status};
use crate::metrics::MetricKind;
use crate::vm::State;
use crate::vm::buffers::slice;
use crate::vm::memory::{Answer, Checked, give, read, status, write, write_u32};
use wasmtime::Caller;

pub(super) fn add(registry: &mut Registry<'_>) -> wasmtime::Result<()> {
    buffers(registry)?;
    shared(registry)?;
    metrics(registry)?;
    add!(
        registry,
        "proxy_log",
        |c, level: u32, data: u32, size: u32| {
            Ok(status(read(&c, data, size).map(|text| {
                let text = String::from_utf8_lossy(&text).into_owned();
                c.data().services.logs.push(LogLevel::from_abi(level), text);
            })))
        }
    );
    add!(registry, "proxy_get_log_level", |c, level_at: u32| {
        Ok(status(write_u32(&mut c, level_at, LogLevel::Info as u32)))
    });
    add!(
        registry,
        "proxy_get_current_time_nanoseconds",
        |c, at: u32| {
            let now = c.data().services.clock.unix_nanos();
            Ok(status(write(&mut c, at, &now.to_le_bytes())))
        }
    );
    Ok(())
}

fn buffers(registry: &mut Registry<'_>) -> wasmtime::Result<()> {
    add!(
        registry,
        "proxy_get_buffer_bytes",
        |c, buffer: u32, start: u32, length: u32, data_at: u32, size_at: u32| {
            let Some(kind) = BufferKind::from_abi(buffer) else {
                return Ok(Status::NotFound as u32);
            };
            if start.checked_add(length).is_none() && length != u32::MAX {
                return Ok(Status::BadArgument as u32);
            }
            // One copy on the host's side: the guest's allocator needs the store.
            let bytes = slice(c.data().buffer(kind), start as usize, length as usize).to_vec();
            if bytes.is_empty() {
                // Envoy answers Ok and leaves the return places untouched.
                return Ok(Status::Ok as u32);
            }
            Ok(status(give(&mut c, &bytes, data_at, size_at)?))
        }
    );
    add!(
        registry,
        "proxy_get_buffer_status",
        |c, buffer: u32, size_at: u32, flags_at: u32| {
            let Some(kind) = BufferKind::from_abi(buffer) else {
                return Ok(Status::NotFound as u32);
            };
            let size = u32::try_from(c.data().buffer(kind).len()).unwrap_or(u32::MAX);
            let wrote =
                write_u32(&mut c, size_at, size).and_then(|()| write_u32(&mut c, flags_at, 0));
            Ok(status(wrote))
        }
    );
    add!(
        registry,
        "proxy_set_buffer_bytes",
        |c, buffer: u32, start: u32, length: u32, data: u32, size: u32| {
            let done = BufferKind::from_abi(buffer)
                .ok_or(Status::NotFound)
                .and_then(|kind| {
                    let bytes = read(&c, data, size)?;
                    c.data_mut()
                        .set_buffer(kind, start as usize, length as usize, bytes)
                });
            Ok(status(done))
        }
    );
    Ok(())
}

fn shared(registry: &mut Registry<'_>) -> wasmtime::Result<()> {
    add!(
        registry,
        "proxy_get_shared_data",
        |c, key: u32, key_size: u32, data_at: u32, size_at: u32, cas_at: u32| {
            shared_value(&mut c, (key, key_size), data_at, size_at, cas_at)
        }
    );
    add!(
        registry,
        "proxy_set_shared_data",
        |c, key: u32, key_size: u32, value: u32, value_size: u32, cas: u32| {
            let pair = read(&c, key, key_size)
                .and_then(|key| read(&c, value, value_size).map(|value| (key, value)));
            Ok(match pair {
                Ok((key, value)) => c.data().services.shared_data.set(&key, &value, cas) as u32,
                Err(failed) => failed as u32,
            })
        }
    );
    Ok(())
}

fn shared_value(
    c: &mut Caller<'_, State>,
    key: (u32, u32),
    data_at: u32,
    size_at: u32,
    cas_at: u32,
) -> Answer {
    let found: Checked<(Vec<u8>, u32)> = read(c, key.0, key.1).and_then(|key| {
        c.data()
            .services
            .shared_data
            .value(&key)
            .ok_or(Status::NotFound)
    });
    match found {
        Err(failed) => Ok(failed as u32),
        Ok((value, cas)) => {
            let wrote = write_u32(c, cas_at, cas);
            give_checked(c, wrote.map(|()| value), data_at, size_at)
        }
    }
}

fn metrics(registry: &mut Registry<'_>) -> wasmtime::Result<()> {
    add!(
        registry,
        "proxy_define_metric",
        |c, kind: u32, name: u32, size: u32, id_at: u32| {
            let defined = MetricKind::from_abi(kind)
                .ok_or(Status::BadArgument)
                .and_then(|kind| {
                    let name = read(&c, name, size)?;
                    let name = std::str::from_utf8(&name).map_err(|_| Status::BadArgument)?;
                    c.data().services.metrics.define(kind, name)
                });
            Ok(status(defined.and_then(|id| write_u32(&mut c, id_at, id))))
        }
    );
    add!(
        registry,
        "proxy_increment_metric",
        |c, id: u32, offset: i64| Ok(c.data().services.metrics.increment(id, offset) as u32)
    );
    add!(registry, "proxy_record_metric", |c, id: u32, value: u64| {
        Ok(c.data().services.metrics.record(id, value) as u32)
    });
    add!(registry, "proxy_get_metric", |c, id: u32, value_at: u32| {
        let value = c.data().services.metrics.value(id);
        Ok(status(value.and_then(|value| {
            write(&mut c, value_at, &value.to_le_bytes())
        })))
    });
    Ok(())
}
