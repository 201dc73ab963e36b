//! The lines a person reads. Colours vanish when the output is not a terminal.

use anstream::{eprintln, println};
use anstyle::{AnsiColor, Style};

pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const NAME: Style = AnsiColor::Cyan.on_default().bold();

/// A step begins.
pub(crate) fn step(what: &str) {
    println!("\n{NAME}==>{NAME:#} {what}");
}

/// Something is put on this machine.
pub(crate) fn install(what: &str) {
    println!("{NAME}install{NAME:#} {what}");
}

/// A fact worth a line.
pub(crate) fn note(what: &str) {
    println!("    {what}");
}

/// A long step is still alive.
pub(crate) fn waiting(what: &str, seconds: u64) {
    println!("    ... {what}, {seconds} s");
}

/// The verb could not do its work.
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("{BAD}error:{BAD:#} {error:#}");
}
