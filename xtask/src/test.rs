//! `cargo xtask test`: format, lints, dependency rules, builds and every suite, with a table at
//! the end. CI runs exactly this.

mod lints;
mod report;
mod suites;

use anyhow::Result;

use crate::artifacts::{self, Artifacts, Profile};
use crate::places::Places;
use crate::say;
use crate::tools::Tools;
use report::{Outcome, Report};

pub(crate) use suites::BENCH;

#[derive(clap::Args)]
#[command(
    after_help = "Suites for --only: lint, unit (crates/*), the name of any package of the \
                        workspace, or the name of a test file in tests/tests.\n\nExamples:\n  \
                        cargo xtask test --only lint\n  cargo xtask test --only sealgate-jose\n  \
                        cargo xtask test --only envoy -- refuses"
)]
pub(crate) struct Args {
    /// Run one suite; see below
    #[arg(long, value_name = "SUITE")]
    only: Option<String>,

    /// Native lints and the crates' own tests only: no external tools, no wasm, no Envoy
    #[arg(long, conflicts_with = "only")]
    fast: bool,

    /// Passed to the test binaries (a filter, --nocapture, ...)
    #[arg(last = true)]
    rest: Vec<String>,
}

pub(crate) fn run(places: &Places, args: &Args) -> Result<bool> {
    let mut report = Report::default();
    if args.fast {
        Tools::rust_only(places)?;
        lints::native(places, &mut report);
        suites::run(places, &mut report, &suites::Choice::Unit, &[], &args.rest);
        return Ok(report.close());
    }
    let choice = suites::Choice::parse(places, args.only.as_deref())?;
    match choice {
        suites::Choice::Lint => {
            Tools::rust_only(places)?;
            lints::all(places, &mut report);
        }
        suites::Choice::Unit => {
            Tools::rust_only(places)?;
            suites::run(places, &mut report, &choice, &[], &args.rest);
        }
        suites::Choice::Everything => {
            let tools = install(places, &mut report);
            lints::all(places, &mut report);
            with_world(places, &mut report, tools, &choice, &args.rest);
        }
        suites::Choice::Package(_) | suites::Choice::File(_) => {
            let tools = install(places, &mut report);
            with_world(places, &mut report, tools, &choice, &args.rest);
        }
    }
    Ok(report.close())
}

fn install(places: &Places, report: &mut Report) -> Option<Tools> {
    say::step("tools");
    let mut tools = None;
    report.step("tools", || {
        tools = Some(Tools::all(places)?);
        Ok(Outcome::Passed)
    });
    tools
}

/// Runs suites that need the built things and the tools around them.
fn with_world(
    places: &Places,
    report: &mut Report,
    tools: Option<Tools>,
    choice: &suites::Choice,
    rest: &[String],
) {
    let mut built: Option<Artifacts> = None;
    report.step("build guests", || {
        artifacts::guests(places).map(|()| Outcome::Passed)
    });
    report.step("build module and programs", || {
        built = Some(Artifacts::build(places, Profile::Dev)?);
        Ok(Outcome::Passed)
    });
    let (Some(tools), Some(built)) = (tools, built) else {
        report.skip("tests", "the tools or the builds above are missing");
        return;
    };
    let mut variables = tools.variables();
    variables.extend(built.variables());
    suites::run(places, report, choice, &variables, rest);
}
