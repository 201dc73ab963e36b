//! `sealgate export`: a policy as the configuration of what runs it, or of another gateway.
//!
//! The other way round than `import`: what a policy says of HMAC signatures becomes the plugin
//! configuration of Kong, APISIX or Higress, with a warning for each thing that gateway cannot do.
//! For Envoy, Istio, Envoy Gateway and Kubernetes it becomes what an operator applies. No secret is
//! written; each stands where the target looks it up.

mod apisix;
mod higress;
mod hmac;
mod kong;
mod manifest;

use std::path::PathBuf;
use std::process::ExitCode;

use anstream::{eprintln, print};
use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::policy_file::PolicyFile;
use crate::print::{NAME, WARN};
use hmac::Signed;
use manifest::{Deployed, Manifests};

#[derive(clap::Args)]
#[command(
    after_help = "The configuration goes to standard output, what it cannot say goes to standard \
        error.\n\nExamples:\n  \
        sealgate export kong --policy policy.yaml --upstream http://orders.internal > kong.yaml\n  \
        sealgate export higress --policy policy.yaml --only orders > wasmplugin.yaml\n  \
        sealgate export envoy --policy policy.yaml --out /etc/sealgate\n  \
        sealgate export k8s --policy policy.yaml --upstream http://orders.shop:8080 \\\n      \
            --image registry.example/sealgate@sha256:... | kubectl apply -f -"
)]
pub(crate) struct Args {
    /// What the configuration is for
    #[arg(value_enum)]
    target: Target,

    /// The policy file
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,

    /// One policy of the file, by its name
    #[arg(long, value_name = "NAME")]
    only: Option<String>,

    /// Where clean requests go
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    upstream: String,

    /// Write files into this folder instead of to standard output
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    /// The module's image, best by its digest (k8s)
    #[arg(
        long,
        value_name = "REFERENCE",
        default_value = "registry.example/sealgate:0.1.0"
    )]
    image: String,

    /// Namespace of the resources (istio, envoy-gateway, k8s)
    #[arg(long, value_name = "NAME", default_value = "sealgate")]
    namespace: String,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Target {
    /// Declarative configuration with the hmac-auth plugin of Kong
    Kong,
    /// apisix.yaml with the hmac-auth plugin of Apache APISIX, 3.11 and later
    Apisix,
    /// WasmPlugin with the hmac-auth-apisix or hmac-auth plugin of Higress
    Higress,
    /// Bootstrap and ECDS file of a plain Envoy
    Envoy,
    /// EnvoyFilter of an Istio gateway
    Istio,
    /// EnvoyPatchPolicy of Envoy Gateway
    EnvoyGateway,
    /// Deployment with hsm-bridge beside Envoy, NetworkPolicy and what belongs to them
    K8s,
}

/// A configuration, and what it leaves out.
pub(crate) struct Exported {
    pub(crate) document: Value,
    pub(crate) notes: Vec<Note>,
}

/// Something that the target cannot do as the policy says it.
pub(crate) struct Note {
    pub(crate) place: String,
    pub(crate) text: String,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let file = PolicyFile::read(&args.policy)?;
    let Manifests { files, notes } = export(args, file.document())?;
    match &args.out {
        Some(folder) => {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
            for (name, text) in &files {
                let path = folder.join(name);
                std::fs::write(&path, text)
                    .with_context(|| format!("cannot write {}", path.display()))?;
                eprintln!("{}", path.display());
            }
        }
        None => {
            let texts: Vec<&str> = files.iter().map(|(_, text)| text.as_str()).collect();
            print!("{}", texts.join("---\n"));
        }
    }
    for Note { place, text } in &notes {
        eprintln!("{WARN}note:{WARN:#} {NAME}{place}{NAME:#}: {text}");
    }
    Ok(ExitCode::SUCCESS)
}

fn export(args: &Args, policy: &Value) -> Result<Manifests> {
    let deployed = Deployed {
        policy,
        upstream: &args.upstream,
        image: &args.image,
        namespace: &args.namespace,
        notes: Vec::new(),
    };
    let exported = match args.target {
        Target::Kong => signatures(args, policy, &["kong"])?,
        Target::Apisix => signatures(args, policy, &["apisix"])?,
        Target::Higress => signatures(args, policy, &["higress", "higress-x-ca"])?,
        Target::Envoy => return manifest::envoy(deployed),
        Target::Istio => return manifest::istio(deployed),
        Target::EnvoyGateway => return manifest::envoy_gateway(deployed),
        Target::K8s => return manifest::kubernetes(deployed),
    };
    Ok(Manifests {
        files: vec![("gateway.yaml", serde_saphyr::to_string(&exported.document)?)],
        notes: exported.notes,
    })
}

/// The HMAC policies for another gateway.
fn signatures(args: &Args, document: &Value, schemes: &[&str]) -> Result<Exported> {
    let signed = Signed::read(document, schemes, args.only.as_deref());
    if signed.guards.is_empty() {
        bail!(
            "no policy here has a signature of scheme {}; there is nothing to export",
            schemes.join(" or ")
        );
    }
    match args.target {
        Target::Kong => Ok(kong::write(signed, &args.upstream)),
        Target::Apisix => apisix::write(signed, &args.upstream),
        _ => higress::write(signed),
    }
}
