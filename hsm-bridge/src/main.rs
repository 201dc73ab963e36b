//! The `hsm-bridge` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    hsm_bridge::cli::main()
}
