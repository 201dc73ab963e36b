//! Header lines left out, repeated, or in another order.

use super::{refuse, victim};
use crate::request::{Part, Request};
use crate::subject::{Draft, Subject};

pub(crate) fn dropped_doubled_reordered(subject: &Subject) {
    let original = victim(subject);
    let [_, other] = Draft::two();
    let other = subject.signed(&other);
    for &part in &subject.covers {
        let Part::Header(name) = part else { continue };
        for at in lines_of(&original, name) {
            let mut dropped = original.clone();
            dropped.headers.remove(at);
            refuse(subject, &original, &dropped, &format!("without {name}"));

            let mut doubled = original.clone();
            doubled.headers.push(original.headers[at].clone());
            refuse(subject, &original, &doubled, &format!("{name} twice"));

            let mut emptied = original.clone();
            emptied.headers[at].1.clear();
            refuse(subject, &original, &emptied, &format!("{name} emptied"));
        }
        for theirs in lines_of(&other, name) {
            let line = other.headers[theirs].clone();
            for at in [0, original.headers.len()] {
                let mut added = original.clone();
                added.headers.insert(at, line.clone());
                let what = format!("another {name} at {at}");
                refuse(subject, &original, &added, &what);
            }
        }
        let lines = lines_of(&original, name);
        if let [first, second, ..] = lines[..] {
            let mut swapped = original.clone();
            swapped.headers.swap(first, second);
            refuse(subject, &original, &swapped, &format!("{name} reordered"));
        }
    }
}

fn lines_of(request: &Request, wanted: &str) -> Vec<usize> {
    let lines = request.headers.iter().enumerate();
    lines
        .filter(|(_, (name, _))| name == wanted.as_bytes())
        .map(|(at, _)| at)
        .collect()
}
