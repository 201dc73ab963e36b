//! From JSON to raw sections: one section with a fault does not hide the faults of the others.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fault::Findings;

/// Most unknown members reported per section; a document of garbage ends here.
const MAX_UNKNOWN_MEMBERS: usize = 32;

/// Reads one section. Faults get `path` in front of their own place. A member that is unknown or
/// of a wrong type is reported and read as if it were absent, so that it hides no other fault; the
/// document as a whole does not compile once a fault is reported.
pub(crate) fn section<T: DeserializeOwned>(
    mut value: Value,
    path: &str,
    findings: &mut Findings,
) -> Option<T> {
    let mut removed: Vec<String> = Vec::new();
    for _ in 0..MAX_UNKNOWN_MEMBERS {
        match serde_path_to_error::deserialize::<_, T>(&value) {
            Ok(read) => return Some(read),
            Err(fault) => {
                let inner = fault.path().to_string();
                let problem = fault.inner().to_string();
                // Missing only because its wrong value was taken out: that has been said.
                let said = removed.iter().any(|member| {
                    let name = member.rsplit('.').next().unwrap_or_default();
                    problem.starts_with(&format!("missing field `{name}`"))
                });
                if said {
                    return None;
                }
                findings.fault(join(path, &inner), redact(&problem), remedy(&problem));
                if !remove(&mut value, &inner) {
                    return None;
                }
                removed.push(inner);
            }
        }
    }
    None
}

/// Joins two places of a document.
pub(crate) fn join(path: &str, inner: &str) -> String {
    match (path, inner) {
        ("", "" | ".") => "policy".to_owned(),
        ("", inner) => inner.to_owned(),
        (path, "" | ".") => path.to_owned(),
        (path, inner) => format!("{path}.{inner}"),
    }
}

/// serde quotes wrong values in its messages; a wrong value may be key material in a wrong place.
fn redact(problem: &str) -> String {
    for kind in [
        "string",
        "integer",
        "floating point",
        "boolean",
        "character",
    ] {
        let Some(start) = problem
            .find(&format!("{kind} \""))
            .or_else(|| problem.find(&format!("{kind} `")))
        else {
            continue;
        };
        if let Some(end) = problem.rfind(", expected") {
            let head = problem
                .get(..start.saturating_add(kind.len()))
                .unwrap_or_default();
            let tail = problem.get(end..).unwrap_or_default();
            return format!("{head}{tail}");
        }
    }
    problem.to_owned()
}

fn remedy(problem: &str) -> &'static str {
    if problem.starts_with("unknown field") {
        "remove it or correct its name; docs/policy.md lists all members"
    } else if problem.starts_with("missing field") {
        "add it; docs/policy.md shows an example"
    } else if problem.starts_with("unknown variant") {
        "use one of the listed words"
    } else {
        "see docs/policy.md for the type of this member"
    }
}

/// Takes the member a fault names out of the section, so that reading can go on behind it.
fn remove(value: &mut Value, path: &str) -> bool {
    let mut parts: Vec<&str> = path.split('.').collect();
    let Some(last) = parts.pop() else {
        return false;
    };
    let mut parent = value;
    for part in parts {
        let Some(next) = parent.get_mut(part) else {
            return false;
        };
        parent = next;
    }
    match parent {
        Value::Object(members) => members.remove(last).is_some(),
        _ => false,
    }
}
