//! Reading from and writing to the guest's memory, with every bound checked.

use super::State;
use crate::abi::Status;
use crate::limits;
use wasmtime::Caller;

/// Host call result: a status for the guest, or a trap.
pub(super) type Answer = wasmtime::Result<u32>;

/// Internal result: `Err` is the status the guest gets.
pub(super) type Checked<T> = Result<T, Status>;

/// Copies guest bytes out.
pub(super) fn read(caller: &Caller<'_, State>, at: u32, bytes: u32) -> Checked<Vec<u8>> {
    let size = bytes as usize;
    if size > limits::GUEST_STRING_BYTES {
        return Err(Status::BadArgument);
    }
    if size == 0 {
        return Ok(Vec::new());
    }
    let memory = caller.data().memory.ok_or(Status::InvalidMemoryAccess)?;
    let start = at as usize;
    let end = start.checked_add(size).ok_or(Status::InvalidMemoryAccess)?;
    memory
        .data(caller)
        .get(start..end)
        .map(<[u8]>::to_vec)
        .ok_or(Status::InvalidMemoryAccess)
}

/// Writes bytes at a guest address.
pub(super) fn write(caller: &mut Caller<'_, State>, at: u32, bytes: &[u8]) -> Checked<()> {
    let memory = caller.data().memory.ok_or(Status::InvalidMemoryAccess)?;
    memory
        .write(caller, at as usize, bytes)
        .map_err(|_| Status::InvalidMemoryAccess)
}

/// Writes a little-endian u32.
pub(super) fn write_u32(caller: &mut Caller<'_, State>, at: u32, value: u32) -> Checked<()> {
    write(caller, at, &value.to_le_bytes())
}

/// Hands bytes to the guest: allocates in it, copies, writes address and size. A trap in the
/// allocator goes up as a trap.
pub(super) fn give(
    caller: &mut Caller<'_, State>,
    bytes: &[u8],
    address_at: u32,
    size_at: u32,
) -> wasmtime::Result<Checked<()>> {
    let Ok(size) = u32::try_from(bytes.len()) else {
        return Ok(Err(Status::InternalFailure));
    };
    let Some(allocate) = caller.data().allocate.clone() else {
        return Ok(Err(Status::InternalFailure));
    };
    let address = if size == 0 {
        0
    } else {
        allocate.call(&mut *caller, size)?
    };
    if size != 0 && address == 0 {
        return Ok(Err(Status::InvalidMemoryAccess));
    }
    let mut place = || {
        write(caller, address, bytes)?;
        write_u32(caller, address_at, address)?;
        write_u32(caller, size_at, size)
    };
    Ok(place())
}

/// The status a guest gets for a checked result.
pub(super) fn status(result: Checked<()>) -> u32 {
    match result {
        Ok(()) => Status::Ok as u32,
        Err(status) => status as u32,
    }
}
