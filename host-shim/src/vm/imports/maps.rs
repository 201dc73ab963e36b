//! Header maps and properties.

use super::{Registry, add};
use crate::abi::{MapKind, Status, pairs};
use crate::vm::State;
use crate::vm::memory::{Answer, Checked, give, read, status, write_u32};
use wasmtime::Caller;

pub(super) fn add(registry: &mut Registry<'_>) -> wasmtime::Result<()> {
    add!(
        registry,
        "proxy_get_header_map_pairs",
        |c, map: u32, data_at: u32, size_at: u32| {
            let encoded = kind(map).and_then(|kind| c.data().map(kind).map(pairs::encode));
            give_checked(&mut c, encoded, data_at, size_at)
        }
    );
    add!(
        registry,
        "proxy_get_header_map_size",
        |c, map: u32, size_at: u32| {
            let bytes = kind(map).and_then(|kind| c.data().map(kind).map(byte_size));
            Ok(status(
                bytes.and_then(|bytes| write_u32(&mut c, size_at, bytes)),
            ))
        }
    );
    add!(
        registry,
        "proxy_set_header_map_pairs",
        |c, map: u32, data: u32, size: u32| Ok(status(set_pairs(&mut c, map, data, size)))
    );
    add!(
        registry,
        "proxy_get_header_map_value",
        |c, map: u32, key: u32, key_size: u32, data_at: u32, size_at: u32| {
            let value = value(&c, map, key, key_size);
            give_checked(&mut c, value, data_at, size_at)
        }
    );
    add!(
        registry,
        "proxy_remove_header_map_value",
        |c, map: u32, key: u32, key_size: u32| {
            Ok(status(edit(&mut c, map, key, key_size, |headers, name| {
                headers.remove(name);
            })))
        }
    );
    add!(
        registry,
        "proxy_replace_header_map_value",
        |c, map: u32, key: u32, key_size: u32, value: u32, value_size: u32| {
            let new = read(&c, value, value_size);
            Ok(status(new.and_then(|new| {
                edit(&mut c, map, key, key_size, |headers, name| {
                    headers.set(name, &new)
                })
            })))
        }
    );
    add!(
        registry,
        "proxy_add_header_map_value",
        |c, map: u32, key: u32, key_size: u32, value: u32, value_size: u32| {
            let new = read(&c, value, value_size);
            Ok(status(new.and_then(|new| {
                edit(&mut c, map, key, key_size, |headers, name| {
                    headers.add(name, &new)
                })
            })))
        }
    );
    add!(
        registry,
        "proxy_get_property",
        |c, path: u32, path_size: u32, data_at: u32, size_at: u32| {
            let found = read(&c, path, path_size)
                .and_then(|path| c.data().property(&path).ok_or(Status::NotFound));
            give_checked(&mut c, found, data_at, size_at)
        }
    );
    add!(
        registry,
        "proxy_set_property",
        |c, path: u32, path_size: u32, value: u32, value_size: u32| {
            Ok(status(set_property(
                &mut c,
                (path, path_size),
                (value, value_size),
            )))
        }
    );
    Ok(())
}

fn kind(map: u32) -> Checked<MapKind> {
    MapKind::from_abi(map).ok_or(Status::BadArgument)
}

fn byte_size(headers: &crate::headers::Headers) -> u32 {
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

fn value(c: &Caller<'_, State>, map: u32, key: u32, key_size: u32) -> Checked<Vec<u8>> {
    let kind = kind(map)?;
    let name = read(c, key, key_size)?;
    let first = c.data().map(kind)?.first(&name).map(<[u8]>::to_vec);
    first.ok_or(Status::NotFound)
}

fn set_pairs(c: &mut Caller<'_, State>, map: u32, data: u32, size: u32) -> Checked<()> {
    let kind = kind(map)?;
    let bytes = read(c, data, size)?;
    let new = pairs::decode(&bytes).ok_or(Status::BadArgument)?;
    *c.data_mut().map_mut(kind)? = new;
    Ok(())
}

fn edit(
    c: &mut Caller<'_, State>,
    map: u32,
    key: u32,
    key_size: u32,
    change: impl FnOnce(&mut crate::headers::Headers, &[u8]),
) -> Checked<()> {
    let kind = kind(map)?;
    let name = read(c, key, key_size)?;
    change(c.data_mut().map_mut(kind)?, &name);
    Ok(())
}

fn set_property(c: &mut Caller<'_, State>, path: (u32, u32), value: (u32, u32)) -> Checked<()> {
    let path = read(c, path.0, path.1)?;
    let value = read(c, value.0, value.1)?;
    let stream = c.data_mut().stream().ok_or(Status::NotFound)?;
    stream.properties.store(&path, value);
    Ok(())
}

/// Hands a found value to the guest, or the status of the failure.
pub(super) fn give_checked(
    c: &mut Caller<'_, State>,
    value: Checked<Vec<u8>>,
    data_at: u32,
    size_at: u32,
) -> Answer {
    match value {
        Ok(bytes) => Ok(status(give(c, &bytes, data_at, size_at)?)),
        Err(failed) => Ok(failed as u32),
    }
}
