//! Random messages, random edits: at least 10,000 a scheme.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use super::show;
use crate::gate::judge;
use crate::request::{Part, Request};
use crate::subject::{Draft, NOW, Subject};

/// Messages, and edits tried on each.
const MESSAGES: u32 = 500;
const EDITS: usize = 20;
/// Heads read without a signature in sight.
const READINGS: u32 = 2000;

/// One change somewhere in a covered part.
#[derive(Debug, Clone)]
enum Edit {
    Replace(u8),
    Insert(u8),
    Remove,
    SwapWithNext,
    Truncate,
}

pub(crate) fn random_edits(subject: &Subject) {
    let edits = vec(
        (any::<Index>(), any::<Index>(), any::<Index>(), edit()),
        EDITS,
    );
    runner(MESSAGES)
        .run(&(draft(), edits), |(draft, edits)| {
            let original = subject.signed(&draft);
            prop_assert_eq!(judge(subject, &original), Ok(()), "{}", show(&original));
            for (part, piece, at, edit) in edits {
                let part = subject.covers[part.index(subject.covers.len())];
                let mut changed = original.clone();
                apply(&mut changed, part, piece, at, &edit);
                if subject.harmless(&original, &changed) {
                    continue;
                }
                let refused = judge(subject, &changed).is_err();
                prop_assert!(refused, "{edit:?} of {part:?}: {}", show(&changed));
            }
            Ok(())
        })
        .unwrap();
}

/// Whatever stands in the fields of the scheme, in the target and in the body.
pub(crate) fn reading_never_panics(subject: &Subject) {
    let [first, _] = Draft::two();
    let signed = subject.signed(&first);
    let texts = vec(
        (any::<Index>(), ".{0,80}", any::<Index>(), any::<Index>()),
        1..4,
    );
    runner(READINGS)
        .run(
            &(texts, "[/*a-z].{0,40}", vec(any::<u8>(), 0..64)),
            |(texts, target, body)| {
                let mut request = signed.clone();
                for (which, text, start, end) in texts {
                    let mut values = request.texts();
                    let at = which.index(values.len());
                    let (start, end) = (
                        start.index(values[at].len() + 1),
                        end.index(values[at].len() + 1),
                    );
                    values[at].splice(start.min(end)..start.max(end), text.bytes());
                }
                let _ = judge(subject, &request);
                request.target = target.into_bytes();
                let _ = judge(subject, &request);
                request.body = body;
                let _ = judge(subject, &request);
                Ok(())
            },
        )
        .unwrap();
}

fn draft() -> impl Strategy<Value = Draft> {
    (
        "[a-z0-9]{1,12}",
        "([a-z]{1,6}=[a-z0-9]{0,6}(&[a-z]{1,6}=[a-z0-9%]{0,2}){0,2})?",
        "[!-~]([ -~]{0,20}[!-~])?",
        vec(any::<u8>(), 1..64),
        "[a-z0-9]{4,16}",
        -200_i64..200,
    )
        .prop_map(|(path, query, note, body, nonce, age)| Draft {
            path,
            query,
            note,
            body,
            nonce,
            key_id: "",
            created: NOW + age,
        })
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        any::<u8>().prop_map(Edit::Replace),
        any::<u8>().prop_map(Edit::Insert),
        // What separates things in some dialect.
        prop::sample::select(b" ,;:=&?/.\"\n\t%+0".as_slice()).prop_map(Edit::Insert),
        Just(Edit::Remove),
        Just(Edit::SwapWithNext),
        Just(Edit::Truncate),
    ]
}

fn apply(request: &mut Request, part: Part, piece: Index, at: Index, edit: &Edit) {
    let mut pieces = request.pieces(part);
    if pieces.is_empty() {
        return;
    }
    let piece = piece.index(pieces.len());
    let octets = &mut *pieces[piece];
    if let Edit::Insert(byte) = edit {
        octets.insert(at.index(octets.len() + 1), *byte);
        return;
    }
    if octets.is_empty() {
        return;
    }
    let at = at.index(octets.len());
    match edit {
        Edit::Replace(byte) => octets[at] = *byte,
        Edit::SwapWithNext if at + 1 < octets.len() => octets.swap(at, at + 1),
        Edit::Truncate => octets.truncate(at),
        _ => drop(octets.remove(at)),
    }
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        failure_persistence: None,
        ..Config::with_cases(cases)
    })
}
