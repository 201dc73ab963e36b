//! Where the plaintext of a sealed part goes, and where a plaintext is that is to be sealed.

use core::ops::Range;

use crate::fault::OpenFault;
use crate::json::{self, Match, Path, Step};
use crate::preset::Field;

/// A value in a JSON text.
pub(crate) struct Found {
    /// The value.
    pub(crate) value: Range<usize>,
    /// What its other form replaces,
    pub(crate) replaced: Range<usize>,
    /// behind this text.
    pub(crate) before: String,
}

/// Where plaintexts go.
pub(crate) enum Place {
    /// The one plaintext is the body.
    Whole,
    /// Each plaintext replaces these bytes of a JSON body, behind this text.
    Members(Vec<(Range<usize>, String)>),
}

impl Place {
    /// The body with its plaintexts in place.
    pub(crate) fn fill(self, body: &[u8], mut opened: Vec<Vec<u8>>) -> Result<Vec<u8>, OpenFault> {
        match self {
            Self::Whole => match (opened.pop(), opened.is_empty()) {
                (Some(only), true) => Ok(only),
                _ => Err(OpenFault::NotOpened),
            },
            Self::Members(places) => {
                if places.len() != opened.len() || !opened.iter().all(|one| json::is_value(one)) {
                    return Err(OpenFault::Content);
                }
                let edits = places.into_iter().zip(opened);
                let edits =
                    edits.map(|((range, name), value)| (range, [name.as_bytes(), &value].concat()));
                json::replace(body, edits.collect()).map_err(|_| OpenFault::Content)
            }
        }
    }
}

impl Field {
    /// A sealed member and its plaintext. Both are the same up to the object in which one stands
    /// for the other: `$.a.encryptedFoo.encryptedValue` and `$.a.foo`; or `plain` is the whole
    /// document.
    #[must_use]
    pub fn new(sealed: Path, plain: Path, optional: bool) -> Option<Self> {
        let shared = plain.steps().len().saturating_sub(1);
        let same = sealed.steps().get(..shared)? == plain.steps().get(..shared)?;
        let only_members = |path: &Path| {
            let rest = path.steps().get(shared..).unwrap_or_default();
            rest.iter().all(|step| matches!(step, Step::Member(_)))
        };
        let fits =
            same && sealed.steps().len() > shared && only_members(&sealed) && only_members(&plain);
        fits.then_some(Self {
            sealed,
            plain,
            optional,
        })
    }

    /// Whether the object around the sealed value is replaced with it.
    pub(crate) fn has_carrier(&self) -> bool {
        self.plain.is_root() || self.sealed.steps().len() > self.plain.steps().len()
    }

    /// Steps that both paths share.
    fn shared(&self) -> usize {
        self.plain.steps().len().saturating_sub(1)
    }

    /// Name of the member that holds the sealed value.
    pub(crate) fn last_name(&self) -> &str {
        match self.sealed.steps().last() {
            Some(Step::Member(name)) => name,
            _ => "",
        }
    }

    /// The sealed values in a checked `body`, and what each one's plaintext replaces.
    pub(crate) fn sealed_in(&self, body: &[u8]) -> Result<Vec<Found>, OpenFault> {
        self.found(body, 0)
    }

    /// As [`Field::sealed_in`], with the objects around the sealed values: what else is in them
    /// belongs to the sealed form.
    pub(crate) fn carriers_in(&self, body: &[u8]) -> Result<Vec<Found>, OpenFault> {
        self.found(body, 1)
    }

    /// The plaintext values in a checked `body`, and what each one's sealed form replaces.
    pub(crate) fn plain_in(&self, body: &[u8]) -> Vec<Found> {
        let found = json::find(body, &self.plain).into_iter();
        let found = found.filter_map(|one| {
            let last = one.steps.last()?;
            Some(Found {
                value: last.value.clone(),
                replaced: last.whole.clone(),
                before: String::new(),
            })
        });
        found.collect()
    }

    fn found(&self, body: &[u8], levels_up: usize) -> Result<Vec<Found>, OpenFault> {
        let found = json::find(body, &self.sealed).into_iter();
        let found = found.map(|one| {
            let mut steps = one.steps.iter().rev().skip(levels_up);
            let value = match (steps.next(), levels_up) {
                (Some(step), _) => step.value.clone(),
                (None, 0) => return Err(OpenFault::Format),
                (None, _) => 0..body.len(),
            };
            let (replaced, before) = self.replaced(&one, levels_up, body.len())?;
            Ok(Found {
                value,
                replaced,
                before,
            })
        });
        found.collect()
    }

    /// The bytes that the plaintext replaces: the member at which the two paths part. Whatever else
    /// is in an object on the way down from there would be lost, so there may be nothing.
    fn replaced(
        &self,
        found: &Match,
        levels_up: usize,
        length: usize,
    ) -> Result<(Range<usize>, String), OpenFault> {
        let shared = self.shared();
        let first = match self.plain.is_root() {
            true => 0,
            false => shared.saturating_add(1),
        };
        let last = found.company.len().saturating_sub(levels_up);
        let below = found.company.get(first..last).unwrap_or_default();
        if below.iter().any(|members| *members != 1) {
            return Err(OpenFault::Format);
        }
        match self.plain.steps().last() {
            None => Ok((0..length, String::new())),
            Some(Step::Member(name)) => {
                let member = found.steps.get(shared).ok_or(OpenFault::Format)?;
                let name = serde_json::Value::from(name.as_str());
                Ok((member.whole.clone(), format!("{name}:")))
            }
            Some(Step::Elements) => Err(OpenFault::Format),
        }
    }

    /// The member that carries `sealed`, a JSON value, in the place of the plaintext:
    /// `"encryptedFoo":{"encryptedValue":...}`; or without its last step, where `sealed` is the
    /// object around the value.
    pub(crate) fn wrapped(&self, sealed: &str, levels_up: usize) -> String {
        let steps = self.sealed.steps();
        let last = steps.len().saturating_sub(levels_up);
        let names = steps.get(self.shared()..last).unwrap_or_default();
        let mut text = sealed.to_owned();
        for (depth, step) in names.iter().enumerate().rev() {
            if let Step::Member(name) = step {
                text = format!("{}:{text}", serde_json::Value::from(name.as_str()));
            }
            if depth > 0 || self.plain.is_root() {
                text = format!("{{{text}}}");
            }
        }
        text
    }
}
