//! Events that left the filter together: what is complete can be sent with its exact length.

use crate::headers::Headers;
use crate::stream::{Direction, StreamEvent};

/// A complete body: bytes and, at its end, perhaps trailers.
pub(super) type Rest = (Vec<u8>, Option<Headers>);

/// The rest of a message that the same batch completes.
pub(super) fn whole(
    batch: &mut std::iter::Peekable<std::vec::IntoIter<StreamEvent>>,
    wanted: Direction,
    end: bool,
) -> Option<Rest> {
    if end {
        return Some((Vec::new(), None));
    }
    let ends = |event: &StreamEvent| match event {
        StreamEvent::Data { direction, end, .. } => *direction == wanted && *end,
        StreamEvent::Trailers { direction, .. } => *direction == wanted,
        _ => false,
    };
    if batch.peek().is_some_and(ends) {
        return match batch.next() {
            Some(StreamEvent::Data { bytes, .. }) => Some((bytes, None)),
            Some(StreamEvent::Trailers { trailers, .. }) => Some((Vec::new(), Some(trailers))),
            _ => None,
        };
    }
    // Data followed by trailers: what a held message with trailers is released as.
    let mut ahead = batch.clone();
    let Some(StreamEvent::Data { direction, .. }) = ahead.next() else {
        return None;
    };
    if direction != wanted || !ahead.next().as_ref().is_some_and(ends) {
        return None;
    }
    match (batch.next(), batch.next()) {
        (Some(StreamEvent::Data { bytes, .. }), Some(StreamEvent::Trailers { trailers, .. })) => {
            Some((bytes, Some(trailers)))
        }
        (
            Some(StreamEvent::Data { mut bytes, .. }),
            Some(StreamEvent::Data { bytes: more, .. }),
        ) => {
            bytes.extend_from_slice(&more);
            Some((bytes, None))
        }
        _ => None,
    }
}

/// A declared length that is not the body's (with trailers the declaration is dropped anyway).
pub(super) fn wrong_length(headers: &Headers, body: &[u8], trailers: bool) -> bool {
    !trailers
        && headers.contains("content-length")
        && headers.content_length() != Some(body.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(bytes: &str, end: bool) -> StreamEvent {
        let bytes = bytes.as_bytes().to_vec();
        StreamEvent::Data {
            direction: Direction::Request,
            bytes,
            end,
        }
    }

    fn rest(events: Vec<StreamEvent>) -> (Option<Rest>, usize) {
        let mut batch = events.into_iter().peekable();
        let rest = whole(&mut batch, Direction::Request, false);
        (rest, batch.count())
    }

    #[test]
    fn a_batch_that_ends_the_message_is_taken_whole() {
        assert_eq!(
            rest(vec![data("ab", true)]),
            (Some((b"ab".to_vec(), None)), 0)
        );
        assert_eq!(
            rest(vec![data("ab", false), data("c", true)]),
            (Some((b"abc".to_vec(), None)), 0)
        );
        let trailers = Headers::from_pairs([("a", "b")]);
        let end = StreamEvent::Trailers {
            direction: Direction::Request,
            trailers: trailers.clone(),
        };
        assert_eq!(
            rest(vec![data("ab", false), end]),
            (Some((b"ab".to_vec(), Some(trailers))), 0)
        );
    }

    #[test]
    fn an_open_message_is_left_in_the_batch() {
        assert_eq!(rest(vec![data("ab", false)]), (None, 1));
        let other = StreamEvent::Data {
            direction: Direction::Response,
            bytes: Vec::new(),
            end: true,
        };
        assert_eq!(rest(vec![other]), (None, 1));
    }

    #[test]
    fn a_length_must_be_the_bodys() {
        let declared = |length: &str| Headers::from_pairs([("content-length", length)]);
        assert!(wrong_length(&declared("3"), b"ab", false));
        assert!(!wrong_length(&declared("2"), b"ab", false));
        assert!(wrong_length(&declared("+2"), b"ab", false));
        assert!(!wrong_length(&declared("3"), b"ab", true));
        assert!(!wrong_length(&Headers::new(), b"ab", false));
    }
}
