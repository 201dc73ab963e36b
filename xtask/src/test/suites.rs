//! The test suites, and the one line per binary that is counted.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::report::{Counts, Outcome, Report};
use crate::places::Places;
use crate::{process, say};

/// The measuring program has a test of its own, and is not built unless asked for.
pub(crate) const BENCH: &str = "sealgate-tests/bench";

/// What to run.
pub(crate) enum Choice {
    Everything,
    Lint,
    /// The tests of crates/*: nothing around them.
    Unit,
    /// One package of the workspace.
    Package(String),
    /// One file or folder of tests/tests.
    File(String),
}

impl Choice {
    /// Reads the value of `--only`.
    ///
    /// # Errors
    /// When there is no such suite; the answer lists those there are.
    pub(crate) fn parse(places: &Places, only: Option<&str>) -> Result<Self> {
        let Some(only) = only else {
            return Ok(Self::Everything);
        };
        match only {
            "lint" | "lints" => return Ok(Self::Lint),
            "unit" => return Ok(Self::Unit),
            _ => {}
        }
        let packages = packages(places)?;
        if packages.iter().any(|package| package == only) {
            return Ok(Self::Package(only.to_owned()));
        }
        let files = files(places);
        if files.iter().any(|file| file == only) {
            return Ok(Self::File(only.to_owned()));
        }
        bail!(
            "no suite is called {only}. There are: lint, unit; packages {}; files {}",
            packages.join(", "),
            files.join(", ")
        )
    }

    fn selection(&self, places: &Places) -> Result<Vec<String>> {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Ok(match self {
            Self::Everything | Self::Lint => words(&["--workspace", "--features", BENCH]),
            Self::Package(name) if name == "sealgate-tests" => {
                words(&["--package", name, "--features", BENCH])
            }
            Self::Package(name) => words(&["--package", name]),
            Self::File(name) => {
                let package = ["--package", "sealgate-tests", "--features", BENCH];
                words(&[package.as_slice(), &["--test", name]].concat())
            }
            Self::Unit => unit_packages(places)?
                .into_iter()
                .flat_map(|name| ["--package".to_owned(), name])
                .collect(),
        })
    }
}

/// Runs `cargo test` over the choice, with the variables set, and counts.
pub(crate) fn run(
    places: &Places,
    report: &mut Report,
    choice: &Choice,
    variables: &[(&'static str, PathBuf)],
    rest: &[String],
) {
    report.step("tests", || {
        say::step("tests");
        for (name, value) in variables {
            say::note(&format!("{name}={}", value.display()));
        }
        let mut cargo = places.cargo();
        cargo
            .args(["test", "--locked", "--no-fail-fast"])
            .args(choice.selection(places)?);
        cargo.arg("--").args(rest);
        cargo.envs(variables.iter().map(|(name, value)| (*name, value)));
        cargo.env("SEALGATE_REPO", &places.root);
        let mut counts = Counts::default();
        let good = process::watched(&mut cargo, |line| {
            if let Some(more) = counts_of(line) {
                counts.passed += more.passed;
                counts.failed += more.failed;
                counts.ignored += more.ignored;
            }
        })?;
        if !good && counts.failed == 0 {
            bail!("cargo test failed without a failed test: a build error or a crash, see above");
        }
        Ok(Outcome::Counted(counts))
    });
}

/// Reads libtest's closing line: `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
fn counts_of(line: &str) -> Option<Counts> {
    let rest = line.strip_prefix("test result: ")?;
    let number = |word: &str| {
        rest.split([';', '.'])
            .find_map(|part| part.trim().strip_suffix(word)?.trim().parse::<u64>().ok())
    };
    Some(Counts {
        passed: number("passed")?,
        failed: number("failed")?,
        ignored: number("ignored")?,
    })
}

fn packages(places: &Places) -> Result<Vec<String>> {
    let output = places
        .cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("cargo metadata speaks JSON")?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata lists packages")?;
    Ok(packages
        .iter()
        .filter_map(|package| package["name"].as_str())
        .map(Into::into)
        .collect())
}

fn unit_packages(places: &Places) -> Result<Vec<String>> {
    let outer = [
        "sealgate-tests",
        "sealgate-host-shim",
        "hsm-bridge",
        "sealgate",
        "xtask",
    ];
    let packages = packages(places)?;
    Ok(packages
        .into_iter()
        .filter(|name| !outer.contains(&name.as_str()))
        .collect())
}

fn files(places: &Places) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(places.root.join("tests/tests")) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().to_str()?.to_owned();
            match name.strip_suffix(".rs") {
                Some(name) => Some(name.to_owned()),
                None => entry.path().join("main.rs").exists().then_some(name),
            }
        })
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_closing_line_of_a_test_binary() {
        let line = "test result: FAILED. 12 passed; 3 failed; 4 ignored; 0 measured; 0 filtered \
                    out; finished in 0.10s";
        let counts = counts_of(line).expect("a closing line");
        assert_eq!((counts.passed, counts.failed, counts.ignored), (12, 3, 4));
        assert!(counts_of("running 3 tests").is_none());
    }
}
