//! `sealgate check`: a policy, and the Envoy around it.

mod envoy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstream::println;
use anyhow::Result;
use sealgate_engine::{Gate, PolicyFault, PolicyWarning};
use serde_json::json;

use crate::policy_file::PolicyFile;
use crate::print::{BAD, DIM, GOOD, NAME, WARN};
use envoy::Finding;

#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: 0 the policy compiles and the host keeps what it says; 1 it does, with \
                        warnings, and --strict was given; 2 it does not.\n\nExamples:\n  \
                        sealgate check policy.yaml\n  \
                        sealgate check --strict --envoy envoy/sealgate.yaml\n  \
                        sealgate check --strict --without-secrets --format json policy.yaml | jq .warnings"
)]
pub(crate) struct Args {
    /// Policy file, YAML or JSON
    #[arg(required_unless_present = "envoy")]
    policy: Option<PathBuf>,

    /// Look at this Envoy bootstrap too, and at the plugin's file that it names: settings with which
    /// the gate promises less than the policy says
    #[arg(long, value_name = "BOOTSTRAP")]
    envoy: Option<PathBuf>,

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
    let policy = args
        .policy
        .as_ref()
        .map(|path| PolicyFile::read(path))
        .transpose()?;
    let mut verdict = Verdict::default();
    if let Some(file) = &policy {
        verdict = check_policy(args, file);
    }
    if let Some(bootstrap) = &args.envoy {
        let findings = envoy::lint(bootstrap, policy.as_ref().map(PolicyFile::document))?;
        match args.format {
            Format::Text => print_host(bootstrap, &findings),
            Format::Json => print_host_json(&findings),
        }
        verdict.faults += findings.iter().filter(|finding| finding.breaks).count();
        verdict.warnings += findings.iter().filter(|finding| !finding.breaks).count();
    }
    Ok(match verdict {
        Verdict { faults: 1.., .. } => ExitCode::from(2),
        Verdict { warnings: 1.., .. } if args.strict => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    })
}

/// What was found in all.
#[derive(Default)]
struct Verdict {
    faults: usize,
    warnings: usize,
}

fn check_policy(args: &Args, file: &PolicyFile) -> Verdict {
    let document = if args.without_secrets {
        file.json_without_secrets()
    } else {
        file.json()
    };
    let checked = Gate::compile(&document, &file.materials());
    match args.format {
        Format::Text => print_text(file, &checked),
        Format::Json => print_json(&checked),
    }
    match checked {
        Err(faults) => Verdict {
            faults: faults.len(),
            warnings: 0,
        },
        Ok(gate) => Verdict {
            faults: 0,
            warnings: gate.warnings().len(),
        },
    }
}

fn print_text(file: &PolicyFile, checked: &Result<Gate, Vec<PolicyFault>>) {
    let name = file.path().display();
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

fn print_host(bootstrap: &Path, findings: &[Finding]) {
    let name = bootstrap.display();
    for Finding {
        code,
        place,
        problem,
        fix,
        breaks,
    } in findings
    {
        let (style, word, remedy) = match breaks {
            true => (BAD, "fault", "fix:"),
            false => (WARN, "warning", "better:"),
        };
        println!("\n  {style}{word}{style:#} {NAME}{place}{NAME:#}: {problem} [{code}]");
        println!("    {DIM}{remedy}{DIM:#} {fix}");
    }
    match findings.iter().filter(|finding| finding.breaks).count() {
        0 => println!(
            "\n{GOOD}{name}: keeps what the policy says{GOOD:#}, {}",
            counted(findings.len(), "warning")
        ),
        faults => println!("\n{BAD}{name}: {}{BAD:#}", counted(faults, "fault")),
    }
}

fn print_host_json(findings: &[Finding]) {
    let findings: Vec<_> = findings
        .iter()
        .map(|finding| {
            json!({
                "code": finding.code,
                "place": finding.place,
                "problem": finding.problem,
                "fix": finding.fix,
                "breaks": finding.breaks,
            })
        })
        .collect();
    println!("{:#}", json!({ "host": findings }));
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
