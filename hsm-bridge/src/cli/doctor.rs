//! `hsm-bridge doctor`

use std::process::ExitCode;

use super::{Format, open, versions};
use crate::config::{Config, KeyConfig, TokenConfig};
use crate::harden;
use crate::jwa::Algorithm;
use crate::keyring::{State, Version};
use crate::replay::{ReplayConfig, inspect as inspect_store};
use crate::secret::SecretSource;
use crate::token::pkcs11::{Finding, Grade, Pkcs11Token, inspect};
use crate::token::{FaultClass, Token as _};

mod files;
mod sockets;

use files::{file_mode, folder};

/// Prints every finding. Exit code 1 when something will not work.
pub(super) fn doctor(config: &Config, format: Format) -> ExitCode {
    let mut findings = process(config);
    for token in &config.tokens {
        let prefix = |mut finding: Finding| {
            finding.what = format!("{} {}", token.name, finding.what);
            finding
        };
        let looked = inspect(&token.place);
        let sound = !looked.iter().any(|finding| finding.grade == Grade::Bad);
        findings.extend(looked.into_iter().map(prefix));
        if sound {
            findings.extend(keys(config, token).into_iter().map(prefix));
        }
    }
    findings.extend(config.replay.iter().map(replay_store));
    let bad = findings.iter().any(|finding| finding.grade == Grade::Bad);
    match format {
        Format::Table => print(&findings),
        Format::Json => print_json(&findings, bad),
    }
    if bad {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn process(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if harden::is_root() && !config.server.allow_root {
        findings.push(Finding::bad(
            "user",
            "this is root, and a key service does not need it",
            "run as a user of its own, or set `allow_root = true` where there are no users",
        ));
    }
    findings.push(if harden::may_lock_memory() {
        Finding::good("memory", "can be locked: keys never reach swap")
    } else {
        Finding::warn(
            "memory",
            "cannot be locked as a whole: content keys may reach swap",
            "LimitMEMLOCK=infinity in the unit (or `ulimit -l unlimited`), or no swap",
        )
    });
    let sources = config.tokens.iter().map(|token| ("PIN", &token.place.pin));
    let sources = sources.chain(config.sockets.iter().map(|s| ("header token", &s.token)));
    let stores = config.replay.iter();
    let sources =
        sources.chain(stores.filter_map(|s| Some(("replay password", s.password.as_ref()?))));
    for (what, source) in sources {
        match source {
            SecretSource::File(path) => findings.extend(file_mode(what, path)),
            SecretSource::Env(name) => findings.push(Finding::warn(
                what,
                format!("is in the environment variable {name}"),
                "a file or a systemd credential does not show in /proc",
            )),
            SecretSource::Credential(_) => {}
        }
    }
    let audit = config.audit.iter().map(|a| ("audit log", a.path.as_path()));
    let journal = config.lifecycle.journal.iter();
    let journal = journal.map(|path| ("journal", path.as_path()));
    findings.extend(config.sockets.iter().flat_map(sockets::look));
    findings.extend(
        audit
            .chain(journal)
            .filter_map(|(what, path)| folder(what, path)),
    );
    findings.push(match &config.audit {
        None => Finding::warn(
            "audit log",
            "none is kept: nobody can tell later who used which key",
            "add [audit] with a `path` and a `checkpoint_key`",
        ),
        Some(audit) if audit.checkpoint_key.is_none() => Finding::warn(
            "audit log",
            "no key signs it: whoever may write the file can write it anew",
            "make an ES256 key and name it as `checkpoint_key`",
        ),
        Some(_) => Finding::good("audit log", "kept, and signed by the token"),
    });
    findings
}

fn keys(config: &Config, token: &TokenConfig) -> Vec<Finding> {
    let open = match open(token, false) {
        Ok(open) => open,
        Err(fault) => return vec![Finding::bad("keys", fault.detail, "see above")],
    };
    let keyring = match versions(config) {
        Ok(keyring) => keyring,
        Err(failed) => {
            let fix = "restore the journal from a copy: without it no version's state is known";
            return vec![Finding::bad("journal", failed.0, fix)];
        }
    };
    let keys = config.keys.iter().filter(|key| key.token == token.name);
    let versions = keys.flat_map(|key| {
        let versions = keyring.versions(&key.kid).into_iter();
        versions.map(move |version| (key, version))
    });
    versions
        .filter(|(_, version)| version.state != State::Destroyed)
        .flat_map(|(key, version)| key_findings(&open, key, &version))
        .collect()
}

fn key_findings(open: &Pkcs11Token, key: &KeyConfig, version: &Version) -> Vec<Finding> {
    let what = match version.number {
        1 => format!("key {}", key.kid),
        number => format!("key {}#{number}", key.kid),
    };
    let facts = match open.describe(0, &version.label) {
        Ok(facts) => facts,
        Err(fault) => {
            let fix = if fault.class == FaultClass::NoKey {
                format!(
                    "`hsm-bridge keygen --kid {} --type {}` makes it",
                    key.kid,
                    fitting_type(&key.plan.algorithms)
                )
            } else {
                "see the message of the token".to_owned()
            };
            return vec![Finding::bad(&what, fault.detail, fix)];
        }
    };
    let test = |algorithm: &Algorithm| {
        let Some(sample) = algorithm.sample(&facts.kind) else {
            return Finding::bad(
                &what,
                format!("{algorithm}: the key is of another kind"),
                "take the algorithm out of `algs`, or make a key of the right type",
            );
        };
        match open.rehearse(0, &version.label, &sample) {
            Ok(Some(_)) => Finding::good(&what, format!("{algorithm} passed its self-test")),
            Ok(None) => Finding::warn(
                &what,
                format!("{algorithm} cannot be tested: the key does not permit the other half"),
                "send one real message through it",
            ),
            Err(fault) if fault.class == FaultClass::Unsupported => Finding::bad(
                &what,
                format!("{algorithm}: unsupported_by_token: {fault}"),
                "take the algorithm out of `algs`, or use another token or key type",
            ),
            Err(fault) => Finding::bad(
                &what,
                format!("{algorithm}: {fault}"),
                "see the message of the token",
            ),
        }
    };
    key.plan.algorithms.iter().map(test).collect()
}

/// The type of `keygen` that serves the first of these algorithms.
fn fitting_type(algorithms: &[Algorithm]) -> &'static str {
    let name = algorithms.first().map_or("", |algorithm| algorithm.name());
    match name {
        "ES384" => "ec-p384",
        "ES512" => "ec-p521",
        "EdDSA" => "ed25519",
        "A128KW" => "aes-128",
        "A192KW" => "aes-192",
        "A256KW" => "aes-256",
        "A128GCMKW" => "aes-128-gcm",
        "A192GCMKW" => "aes-192-gcm",
        "A256GCMKW" => "aes-256-gcm",
        "HS256" => "hmac-256",
        "HS384" => "hmac-384",
        "HS512" => "hmac-512",
        "ML-KEM-768" => "ml-kem-768",
        "ML-DSA-65" => "ml-dsa-65",
        _ if name.starts_with("RS") || name.starts_with("PS") => "rsa-2048",
        _ => "ec-p256",
    }
}

fn replay_store(store: &ReplayConfig) -> Finding {
    let what = format!("replay store {}", store.name);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let looked = match runtime {
        Ok(runtime) => runtime.block_on(inspect_store(store)),
        Err(error) => Err(error.to_string()),
    };
    match looked {
        Ok(()) => Finding::good(&what, "connected; the server keeps what it is told"),
        Err(found) => Finding::bad(
            &what,
            found,
            "check that the server runs, that this user may open its socket, and its password \
             (`server`, `user`, `password` of the store)",
        ),
    }
}

fn print(findings: &[Finding]) {
    for finding in findings {
        println!(
            "{:<5} {}: {}",
            word(finding.grade),
            finding.what,
            finding.found
        );
        if let Some(fix) = &finding.fix {
            println!("      -> {fix}");
        }
    }
    let count = |grade| findings.iter().filter(|found| found.grade == grade).count();
    match (count(Grade::Bad), count(Grade::Warn)) {
        (0, 0) => println!("\nall is well"),
        (0, warn) => println!("\nthis will work; {warn} to look at (warn)"),
        (bad, warn) => println!("\n{bad} will not work (BAD), {warn} to look at (warn)"),
    }
}

fn print_json(findings: &[Finding], bad: bool) {
    let lines: Vec<_> = findings
        .iter()
        .map(|finding| {
            serde_json::json!({
                "grade": word(finding.grade),
                "what": finding.what,
                "found": finding.found,
                "fix": finding.fix,
            })
        })
        .collect();
    println!("{}", serde_json::json!({ "ok": !bad, "findings": lines }));
}

fn word(grade: Grade) -> &'static str {
    match grade {
        Grade::Good => "ok",
        Grade::Warn => "warn",
        Grade::Bad => "BAD",
    }
}
