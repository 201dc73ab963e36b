//! Encodings an application may undo once more than its framework did: percent, HTML entities,
//! JavaScript escapes, `+` for a space, look-alike characters.

mod base64;
mod entity;
mod escape;
mod fold;
mod form;
mod percent;
mod strip;

pub use form::NormalForm;
pub(crate) use percent::percent_into;

use crate::bytes::{ByteClasses, ByteClasses as C, classes};

/// Decodes a text into a buffer; whether it held anything to decode.
type Step = fn(&[u8], &mut Vec<u8>) -> bool;

/// Two buffers that are reused from field to field.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    current: Vec<u8>,
    next: Vec<u8>,
}

impl Decoder {
    /// Calls `see` with what each of up to `max` rounds of decoding ends with. A round applies every
    /// decoder once, each on what the one before left; a round that changes nothing is the last. The first
    /// decoder that takes something out is given what it gets to see, too (and not settled).
    pub(crate) fn rounds(
        &mut self,
        value: &[u8],
        mut seen: ByteClasses,
        max: usize,
        mut see: impl FnMut(&[u8], NormalForm, ByteClasses, bool),
    ) {
        const STEPS: [(Step, NormalForm, ByteClasses); 9] = [
            (percent::decode, NormalForm::PERCENT, C::PERCENT),
            (entity::decode, NormalForm::ENTITY, C::AMPERSAND),
            (escape::decode, NormalForm::ESCAPE, C::BACKSLASH),
            (
                strip::invisible,
                NormalForm::STRIP,
                C::CONTROL.with(C::HIGH),
            ),
            (fold::decode, NormalForm::FOLD, C::HIGH),
            (percent::plus, NormalForm::PLUS, C::PLUS),
            (base64::utf7, NormalForm::UTF7, C::PLUS),
            (strip::comments, NormalForm::COMMENT, C::MARK),
            (base64::whole, NormalForm::BASE64, C::WORD),
        ];
        /// From this step on something is taken out that a detector may look for.
        const LOSSY: usize = 3;
        if !is_encoded(value, seen) {
            return;
        }
        let mut form = NormalForm::RAW;
        self.current.clear();
        self.current.extend_from_slice(value);
        for _ in 0..max {
            // Whether something was decoded that was not shown, and whether anything was in this round.
            let (mut unseen, mut shown, mut changed) = (false, false, false);
            for (at, (step, name, needs)) in STEPS.into_iter().enumerate() {
                if !seen.intersects(needs) {
                    continue;
                }
                self.next.clear();
                if step(&self.current, &mut self.next) {
                    if unseen && !shown && at >= LOSSY {
                        see(&self.current, form, seen, false);
                        shown = true;
                    }
                    unseen = true;
                    core::mem::swap(&mut self.current, &mut self.next);
                    changed = true;
                    form = form.with(name);
                    seen = classes(&self.current);
                }
            }
            if !changed {
                return;
            }
            see(&self.current, form, seen, true);
        }
    }
}

/// Whether any of the steps could find something: what costs next to nothing to know, so that a
/// value without an encoding is not even copied.
fn is_encoded(value: &[u8], seen: ByteClasses) -> bool {
    let marked = seen.intersects(ByteClasses::ENCODED);
    let commented = seen.intersects(ByteClasses::SLASH) && seen.intersects(ByteClasses::MARK);
    // Base64 has neither space nor dot, and three bytes out of four digits.
    let plain = !seen.intersects(ByteClasses::NOT_BASE64) && value.len() >= 16;
    marked || commented || plain
}

/// Appends a code point as UTF-8; surrogates and what is out of range become U+FFFD.
fn push_code_point(code: u32, out: &mut Vec<u8>) {
    let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// The number that `digits` are in base 16; `None` when empty or not all hex digits.
fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u32, |sum, &digit| {
        let value = char::from(digit).to_digit(16)?;
        sum.checked_mul(16)?.checked_add(value)
    })
}
