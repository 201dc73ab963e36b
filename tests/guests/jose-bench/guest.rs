//! The work of `work.rs` for any wasm engine: no proxy-wasm, two functions, timed from outside.

mod work;

use std::cell::RefCell;

use work::{Operation, Work};

thread_local! {
    static CURRENT: RefCell<Option<Work>> = const { RefCell::new(None) };
}

/// Gets an operation (its place in [`Operation::ALL`]) ready for inputs of `bytes`; gives the bytes
/// of one input, 0 for an unknown operation.
#[unsafe(no_mangle)]
pub extern "C" fn prepare(operation: u32, bytes: u32) -> u32 {
    let Some(operation) = Operation::ALL.get(operation as usize) else {
        return 0;
    };
    let Ok(work) = Work::new(*operation, bytes as usize) else {
        return 0;
    };
    let length = work.sealed().len() as u32;
    CURRENT.with_borrow_mut(|current| *current = Some(work));
    length
}

/// Does the prepared work `times` times; 1 when every result was right.
#[unsafe(no_mangle)]
pub extern "C" fn run(times: u32) -> u32 {
    CURRENT.with_borrow_mut(|current| match current {
        Some(work) => u32::from(work.run(times)),
        None => 0,
    })
}
