//! `cargo xtask siege`: attackers' tools against a vulnerable application behind the gate, and ordinary
//! bodies by the ten thousand through the scanner. Minutes, and a few hundred megabytes of tools.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::artifacts::{Artifacts, Profile};
use crate::places::Places;
use crate::{process, say, tools};

/// Of a thousand ordinary bodies this many may be refused.
const PER_THOUSAND: f64 = 1.0;

#[derive(clap::Args)]
#[command(
    after_help = "Everything listens on loopback ports and besieges nothing but the application \
                        that the verb starts.\n\nExamples:\n  cargo xtask siege\n  cargo xtask \
                        siege --full --bodies 0"
)]
pub(crate) struct Args {
    /// Ask everything of the tools: all levels, evasions, every payload
    #[arg(long)]
    full: bool,

    /// How many bodies of invented people and orders are scanned
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    bodies: u32,
}

pub(crate) fn run(places: &Places, args: &Args) -> Result<bool> {
    say::step("tools");
    let [python, node] = tools::siege(places)?;
    let built = Artifacts::build(places, Profile::Dev)?;
    let scripts = places.root.join("tests/siege");
    say::step("siege");
    let mut siege = Command::new("python3");
    siege
        .arg(scripts.join("siege.py"))
        .args([&built.sealgate, &built.plugin, &python])
        .args(args.full.then_some("--full"));
    let held = process::watched(&mut siege, |_| ())?;
    say::step("ordinary bodies");
    let bodies = |arguments: &[&std::ffi::OsStr]| {
        let mut maker = Command::new("python3");
        maker.arg(scripts.join("bodies.py")).args(arguments);
        maker.env("PYTHONPATH", &python);
        maker
    };
    let count = args.bodies.to_string();
    let invented = bodies(&["faker".as_ref(), count.as_ref()]);
    let aws = python.join("botocore/data");
    let examples = bodies(&["folder".as_ref(), node.as_os_str(), aws.as_os_str()]);
    let mut good = true;
    for (name, maker) in [("invented", invented), ("examples of vendors", examples)] {
        let [refused, all] = scan(places, &built.sealgate, maker)?;
        let rate = 1000.0 * refused as f64 / all.max(1) as f64;
        say::note(&format!(
            "{name}: {refused} of {all} refused, {rate:.2} in a thousand"
        ));
        good &= rate <= PER_THOUSAND && (all > 0 || args.bodies == 0);
    }
    Ok(held && good)
}

/// How many of the requests that `maker` writes the scanner refuses, and how many there are.
fn scan(places: &Places, sealgate: &Path, mut maker: Command) -> Result<[usize; 2]> {
    let file = places.target.join("siege-requests.jsonl");
    let made = maker
        .stdout(std::fs::File::create(&file)?)
        .status()
        .context("python3 starts")?;
    if !made.success() {
        bail!("the maker of the bodies failed: {made}");
    }
    let output = Command::new(sealgate)
        .args(["scan", "--requests"])
        .arg(&file)
        .stderr(Stdio::null())
        .output()
        .context("sealgate starts")?;
    let text = String::from_utf8(output.stdout).context("verdicts are text")?;
    let verdicts = text.lines().map(serde_json::from_str::<serde_json::Value>);
    let mut counts = [0, 0];
    for verdict in verdicts {
        counts[0] += usize::from(verdict?["verdict"] != "pass");
        counts[1] += 1;
    }
    std::fs::remove_file(&file)?;
    Ok(counts)
}
