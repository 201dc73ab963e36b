//! Child processes: loud ones that own the terminal, quiet ones that speak only when they fail.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::places::Places;
use crate::say;

/// How often a quiet child's life is reported.
const ALIVE_EVERY: Duration = Duration::from_secs(20);
/// How many of its last lines a failed quiet child leaves on the screen.
const LAST_LINES: usize = 40;

/// Runs a child on this terminal.
///
/// # Errors
/// When it cannot be started or ends with a failure.
pub(crate) fn loud(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", line(command)))?;
    if !status.success() {
        bail!("`{}` ended with {status}", line(command));
    }
    Ok(())
}

/// Runs a child with its output in a log file; on failure prints the end of that file.
///
/// # Errors
/// When it cannot be started or ends with a failure.
pub(crate) fn quiet(places: &Places, what: &str, command: &mut Command) -> Result<()> {
    if quiet_attempt(places, what, command)? {
        return Ok(());
    }
    let path = log_path(places, what);
    print_end(&path)?;
    bail!(
        "{what}: `{}` failed; its whole output is in {}",
        line(command),
        path.display()
    )
}

/// As [`quiet`], but a failed child is an answer (`false`), not an error.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn quiet_attempt(places: &Places, what: &str, command: &mut Command) -> Result<bool> {
    let path = log_path(places, what);
    let log = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {}", line(command)))?;
    let began = Instant::now();
    let mut told = began;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if told.elapsed() >= ALIVE_EVERY {
            told = Instant::now();
            say::waiting(what, began.elapsed().as_secs());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// As [`watched`]; repeats at the end what the child said behind `figure: `. A child that says
/// nothing there has measured nothing, which is a failure.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn figures(command: &mut Command) -> Result<bool> {
    let mut figures = Vec::new();
    let good = watched(command, |line| {
        if let Some((_, figure)) = line.split_once("figure: ") {
            figures.push(figure.to_owned());
        }
    })?;
    say::step("figures");
    for figure in &figures {
        say::note(figure);
    }
    Ok(good && !figures.is_empty())
}

/// Runs a child, showing its output as it comes and handing each line of it to `see`.
///
/// # Errors
/// When the child cannot be started. Its exit is returned: `true` is success.
pub(crate) fn watched(command: &mut Command, mut see: impl FnMut(&str)) -> Result<bool> {
    command.stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {}", line(command)))?;
    let output = child.stdout.take().context("the child has no output")?;
    let mut screen = std::io::stdout().lock();
    for read in BufReader::new(output).split(b'\n') {
        let bytes = read?;
        screen.write_all(&bytes)?;
        screen.write_all(b"\n")?;
        see(&String::from_utf8_lossy(&bytes));
    }
    screen.flush()?;
    Ok(child.wait()?.success())
}

/// The output of a short child, trimmed; `None` when it is missing or fails.
pub(crate) fn answer(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The file a program name stands for, looked up in `PATH` and the system folders.
pub(crate) fn program(name: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/local/sbin"].map(Into::into))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn log_path(places: &Places, what: &str) -> std::path::PathBuf {
    let name: String = what
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    places.logs.join(format!("{name}.log"))
}

fn print_end(path: &Path) -> Result<()> {
    let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LAST_LINES);
    for line in lines.iter().skip(from) {
        say::note(line);
    }
    Ok(())
}

fn line(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}
