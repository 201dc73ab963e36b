//! `sealgate check`.

use std::path::PathBuf;
use std::process::ExitCode;

use anstream::println;
use anyhow::Result;
use sealgate_engine::{Gate, PolicyFault, PolicyWarning};
use serde_json::json;

use crate::policy_file::PolicyFile;
use crate::print::{BAD, DIM, GOOD, NAME, WARN};

#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: 0 the policy compiles; 1 it does, with warnings, and --strict \
                        was given; 2 it does not.\n\nExamples:\n  \
                        sealgate check policy.yaml\n  \
                        sealgate check --strict --without-secrets --format json policy.yaml | jq .warnings"
)]
pub(crate) struct Args {
    /// Policy file, YAML or JSON
    policy: PathBuf,

    /// Fail on warnings too
    #[arg(long)]
    strict: bool,

    /// Take secrets that are not on this machine to be right: for a review, for CI
    #[arg(long)]
    without_secrets: bool,

    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let file = PolicyFile::read(&args.policy)?;
    let document = if args.without_secrets {
        file.json_without_secrets()
    } else {
        file.json()
    };
    let checked = Gate::compile(&document, &file.materials());
    match args.format {
        Format::Text => print_text(args, &checked),
        Format::Json => print_json(&checked),
    }
    Ok(match checked {
        Err(_) => ExitCode::from(2),
        Ok(gate) if args.strict && !gate.warnings().is_empty() => ExitCode::from(1),
        Ok(_) => ExitCode::SUCCESS,
    })
}

fn print_text(args: &Args, checked: &Result<Gate, Vec<PolicyFault>>) {
    let name = args.policy.display();
    match checked {
        Err(faults) => {
            println!("{BAD}{name}: {}{BAD:#}", counted(faults.len(), "fault"));
            for PolicyFault {
                path, problem, fix, ..
            } in faults
            {
                println!("\n  {NAME}{path}{NAME:#} {problem}\n    {DIM}fix:{DIM:#} {fix}");
            }
        }
        Ok(gate) => {
            for (policy, lines) in gate.explain() {
                println!("{NAME}{policy}{NAME:#}");
                for line in lines {
                    println!("  {line}");
                }
            }
            for PolicyWarning {
                code,
                path,
                problem,
                fix,
                ..
            } in gate.warnings()
            {
                println!("\n  {WARN}warning{WARN:#} {NAME}{path}{NAME:#} {problem} [{code}]");
                println!("    {DIM}better:{DIM:#} {fix}");
            }
            let warnings = match gate.warnings().len() {
                0 => "no warnings".to_owned(),
                count => counted(count, "warning"),
            };
            println!("\n{GOOD}{name}: compiles{GOOD:#}, {warnings}");
        }
    }
}

fn print_json(checked: &Result<Gate, Vec<PolicyFault>>) {
    let report = match checked {
        Err(faults) => json!({
            "compiles": false,
            "faults": faults
                .iter()
                .map(|fault| json!({ "path": fault.path, "problem": fault.problem, "fix": fault.fix }))
                .collect::<Vec<_>>(),
            "warnings": [],
        }),
        Ok(gate) => json!({
            "compiles": true,
            "faults": [],
            "policies": gate.explain().into_iter().collect::<std::collections::BTreeMap<_, _>>(),
            "warnings": gate
                .warnings()
                .iter()
                .map(|warning| json!({
                    "code": warning.code,
                    "path": warning.path,
                    "problem": warning.problem,
                    "fix": warning.fix,
                }))
                .collect::<Vec<_>>(),
        }),
    };
    println!("{report:#}");
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
