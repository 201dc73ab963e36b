//! The `hsm-bridge` command.

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

// Content keys pass through buffers of libraries that nobody else wipes: JSON, HTTP, cryptoki.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    hsm_bridge::cli::main()
}
