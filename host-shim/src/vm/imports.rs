//! Every host call that a guest may import from `env`.

mod data;
mod maps;
mod stream;

use super::memory::Answer;
use super::{Capabilities, State, wasi};
use crate::abi::Status;
use crate::fault::Fault;
use wasmtime::{Caller, Linker};

/// Adds one host call: `add!(registry, "name", |caller, a: u32, b: u32| body)`, where the body is
/// an [`Answer`]. Injected faults strike before it.
macro_rules! add {
    ($registry:expr, $name:literal, |$caller:ident $(, $arg:ident : $kind:ty)*| $body:expr) => {
        if $registry.capabilities.allows($name) {
            #[allow(unused_mut, reason = "some host calls only read")]
            $registry.linker.func_wrap(
                "env",
                $name,
                move |mut $caller: wasmtime::Caller<'_, crate::vm::State> $(, $arg: $kind)*|
                    -> crate::vm::memory::Answer {
                    if let Some(status) = crate::vm::imports::struck(&$caller, $name)? {
                        return Ok(status);
                    }
                    $body
                },
            )?;
        }
    };
}
pub(super) use add;

/// The linker being filled.
pub(super) struct Registry<'a> {
    pub(super) linker: Linker<State>,
    pub(super) capabilities: &'a Capabilities,
}

/// A linker with every allowed host call; a module that imports another one does not link.
pub(super) fn linker(capabilities: &Capabilities) -> wasmtime::Result<Linker<State>> {
    let linker = Linker::new(super::engine::engine());
    let mut registry = Registry {
        linker,
        capabilities,
    };
    maps::add(&mut registry)?;
    data::add(&mut registry)?;
    stream::add(&mut registry)?;
    absent(&mut registry)?;
    wasi::add(&mut registry)?;
    Ok(registry.linker)
}

/// The status of an injected fault for this call, or its trap.
pub(super) fn struck(caller: &Caller<'_, State>, name: &str) -> wasmtime::Result<Option<u32>> {
    match caller.data().services.faults.strike(name) {
        None => Ok(None),
        Some(Fault::Status(status)) => Ok(Some(status as u32)),
        Some(Fault::Trap) => Err(wasmtime::Error::msg(format!("injected trap in {name}"))),
    }
}

/// What this host knows by name only: queues and gRPC are never needed by our module.
fn absent(registry: &mut Registry<'_>) -> wasmtime::Result<()> {
    fn never() -> Answer {
        Ok(Status::Unimplemented as u32)
    }
    add!(
        registry,
        "proxy_register_shared_queue",
        |_c, _a: u32, _b: u32, _d: u32| never()
    );
    add!(
        registry,
        "proxy_resolve_shared_queue",
        |_c, _a: u32, _b: u32, _d: u32, _e: u32, _f: u32| never()
    );
    add!(
        registry,
        "proxy_dequeue_shared_queue",
        |_c, _a: u32, _b: u32, _d: u32| never()
    );
    add!(
        registry,
        "proxy_enqueue_shared_queue",
        |_c, _a: u32, _b: u32, _d: u32| never()
    );
    add!(
        registry,
        "proxy_grpc_call",
        |_c,
         _a: u32,
         _b: u32,
         _d: u32,
         _e: u32,
         _f: u32,
         _g: u32,
         _h: u32,
         _i: u32,
         _j: u32,
         _k: u32,
         _l: u32,
         _m: u32| never()
    );
    add!(
        registry,
        "proxy_grpc_stream",
        |_c, _a: u32, _b: u32, _d: u32, _e: u32, _f: u32, _g: u32, _h: u32, _i: u32, _j: u32| never(
        )
    );
    add!(
        registry,
        "proxy_grpc_send",
        |_c, _a: u32, _b: u32, _d: u32, _e: u32| never()
    );
    add!(registry, "proxy_grpc_cancel", |_c, _a: u32| never());
    add!(registry, "proxy_grpc_close", |_c, _a: u32| never());
    add!(
        registry,
        "proxy_get_status",
        |_c, _a: u32, _b: u32, _d: u32| never()
    );
    Ok(())
}
