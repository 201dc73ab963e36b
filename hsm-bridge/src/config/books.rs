//! Reading `[audit]`, `[spans]` and `[lifecycle]`.

use std::path::PathBuf;
use std::time::Duration;

use super::Lifecycle;
use super::read::{Faults, Section};
use crate::audit::AuditConfig;
use crate::spans::SpansConfig;

pub(super) fn read_audit(mut section: Section, faults: &mut Faults) -> Option<AuditConfig> {
    let path = section.required("path", faults);
    let deny_on_error = match section.text("on_error", faults).as_deref() {
        None | Some("deny") => true,
        Some("allow") => false,
        Some(_) => {
            faults.add(section.at("on_error"), "must be deny or allow");
            true
        }
    };
    let checkpoint_key = section.text("checkpoint_key", faults);
    let every = section.number("checkpoint_every_s", 10, (1, 3600), faults);
    let mebibytes = section.number("rotate_mib", 64, (1, 65_536), faults);
    section.end(
        "path, on_error, checkpoint_key, checkpoint_every_s, rotate_mib",
        faults,
    );
    Some(AuditConfig {
        path: PathBuf::from(path?),
        deny_on_error,
        checkpoint_key,
        checkpoint_every: Duration::from_secs(every),
        rotate_bytes: mebibytes.saturating_mul(1024 * 1024),
    })
}

pub(super) fn read_spans(mut section: Section, faults: &mut Faults) -> Option<SpansConfig> {
    let path = section.required("path", faults);
    let mebibytes = section.number("rotate_mib", 64, (1, 65_536), faults);
    section.end("path, rotate_mib", faults);
    Some(SpansConfig {
        path: PathBuf::from(path?),
        rotate_bytes: mebibytes.saturating_mul(1024 * 1024),
    })
}

pub(super) fn read_lifecycle(mut section: Section, faults: &mut Faults) -> Lifecycle {
    let journal = section.text("journal", faults).map(PathBuf::from);
    let seconds = section.number("destroy_after_s", 604_800, (0, 31_536_000), faults);
    section.end("journal, destroy_after_s", faults);
    Lifecycle {
        journal,
        destroy_after: Duration::from_secs(seconds),
    }
}
