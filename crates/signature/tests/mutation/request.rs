//! A request that owns its octets, and the parts of it that an attack touches.

use sealgate_signature::{HeaderLine, Message};

/// A request as a gate receives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: Vec<u8>,
    pub(crate) authority: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) headers: Vec<HeaderLine>,
    pub(crate) body: Vec<u8>,
}

/// A part of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Method,
    Authority,
    /// Path and query, as one.
    Target,
    Body,
    /// Every line of this field.
    Header(&'static str),
}

impl Request {
    /// `POST` to `api.bank.test`, without header lines.
    pub(crate) fn post(target: &str, body: &[u8]) -> Self {
        Self {
            method: b"POST".to_vec(),
            authority: b"api.bank.test".to_vec(),
            target: target.into(),
            headers: Vec::new(),
            body: body.to_vec(),
        }
    }

    /// The same with one header line more.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn message(&self) -> Message<'_> {
        Message {
            method: &self.method,
            scheme: b"https",
            authority: &self.authority,
            target: &self.target,
            headers: &self.headers,
            ..Message::default()
        }
    }

    /// Takes lines as a signer gives them: they replace what was there under their names.
    pub(crate) fn replace_headers(&mut self, lines: Vec<(String, String)>) {
        self.headers
            .retain(|(name, _)| !lines.iter().any(|(new, _)| new.as_bytes() == name));
        for (name, value) in lines {
            self.headers.push((name.into_bytes(), value.into_bytes()));
        }
    }

    /// The octets of a part, to be changed: one piece, or one per name and value.
    pub(crate) fn pieces(&mut self, part: Part) -> Vec<&mut Vec<u8>> {
        match part {
            Part::Method => vec![&mut self.method],
            Part::Authority => vec![&mut self.authority],
            Part::Target => vec![&mut self.target],
            Part::Body => vec![&mut self.body],
            Part::Header(wanted) => self
                .headers
                .iter_mut()
                .filter(|(name, _)| name == wanted.as_bytes())
                .flat_map(|(name, value)| [name, value])
                .collect(),
        }
    }

    /// The part as it is, for comparison.
    pub(crate) fn read(&self, part: Part) -> Vec<Vec<u8>> {
        let mut copy = self.clone();
        copy.pieces(part)
            .into_iter()
            .map(|piece| piece.clone())
            .collect()
    }

    /// Takes a part over from another request.
    pub(crate) fn take(&mut self, part: Part, from: &Self) {
        match part {
            Part::Method => self.method.clone_from(&from.method),
            Part::Authority => self.authority.clone_from(&from.authority),
            Part::Target => self.target.clone_from(&from.target),
            Part::Body => self.body.clone_from(&from.body),
            Part::Header(wanted) => {
                self.headers.retain(|(name, _)| name != wanted.as_bytes());
                let theirs = from.headers.iter();
                let theirs = theirs.filter(|(name, _)| name == wanted.as_bytes());
                self.headers.extend(theirs.cloned());
            }
        }
    }

    /// Every place a text may stand in: header values and target.
    pub(crate) fn texts(&mut self) -> Vec<&mut Vec<u8>> {
        let mut texts = vec![&mut self.target];
        texts.extend(self.headers.iter_mut().map(|(_, value)| value));
        texts
    }

    /// The request with every occurrence of `old` in [`Self::texts`] replaced, when there is one.
    pub(crate) fn with_text(&self, old: &[u8], new: &[u8]) -> Option<Self> {
        let mut changed = self.clone();
        let mut found = false;
        if old.is_empty() {
            return None;
        }
        for text in changed.texts() {
            while_replacing(text, old, new, &mut found);
        }
        (found && changed != *self).then_some(changed)
    }
}

fn while_replacing(text: &mut Vec<u8>, old: &[u8], new: &[u8], found: &mut bool) {
    let mut at = 0;
    while let Some(offset) = text[at..]
        .windows(old.len())
        .position(|window| window == old)
    {
        let start = at + offset;
        text.splice(start..start + old.len(), new.iter().copied());
        at = start + new.len();
        *found = true;
    }
}
