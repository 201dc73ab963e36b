//! Reading and replacing buffers, by Envoy's rules.

use super::State;
use crate::abi::{BufferKind, Status};

impl State {
    /// The bytes of a buffer; empty when there is none at this moment.
    pub(super) fn buffer(&self, kind: BufferKind) -> &[u8] {
        match kind {
            BufferKind::VmConfiguration => &self.spec.vm_config,
            BufferKind::PluginConfiguration => &self.spec.plugin_config,
            BufferKind::CallResponseBody => self
                .answer
                .as_ref()
                .map(|answer| answer.body.as_slice())
                .unwrap_or_default(),
            BufferKind::RequestBody | BufferKind::ResponseBody => {
                let Some(stream) = self.streams.get(&self.effective) else {
                    return &[];
                };
                let flow = match kind {
                    BufferKind::RequestBody => &stream.request,
                    _ => &stream.response,
                };
                if flow.body_open { &flow.body } else { &[] }
            }
        }
    }

    /// Replaces, prepends or appends; Envoy knows nothing in between.
    pub(super) fn set_buffer(
        &mut self,
        kind: BufferKind,
        start: usize,
        length: usize,
        bytes: Vec<u8>,
    ) -> Result<(), Status> {
        let stream = self.stream().ok_or(Status::BadArgument)?;
        let flow = match kind {
            BufferKind::RequestBody => &mut stream.request,
            BufferKind::ResponseBody => &mut stream.response,
            _ => return Err(Status::BadArgument),
        };
        if !flow.body_open {
            return Err(Status::BadArgument);
        }
        edit(&mut flow.body, start, length, bytes)
    }
}

fn edit(body: &mut Vec<u8>, start: usize, length: usize, bytes: Vec<u8>) -> Result<(), Status> {
    if start == 0 && length == 0 {
        body.splice(0..0, bytes);
    } else if start == 0 && length >= body.len() {
        *body = bytes;
    } else if start != 0 && start >= body.len() {
        body.extend_from_slice(&bytes);
    } else {
        return Err(Status::BadArgument);
    }
    Ok(())
}

/// The part `start..start + length` of a buffer, cut to what exists.
pub(super) fn slice(buffer: &[u8], start: usize, length: usize) -> &[u8] {
    let end = start.saturating_add(length).min(buffer.len());
    buffer.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(start: usize, length: usize) -> Result<Vec<u8>, Status> {
        let mut body = b"body".to_vec();
        edit(&mut body, start, length, b"XY".to_vec()).map(|()| body)
    }

    #[test]
    fn replace_prepend_append_and_nothing_else() {
        assert_eq!(edited(0, 4), Ok(b"XY".to_vec()));
        assert_eq!(edited(0, 99), Ok(b"XY".to_vec()));
        assert_eq!(edited(0, 0), Ok(b"XYbody".to_vec()));
        assert_eq!(edited(4, 0), Ok(b"bodyXY".to_vec()));
        assert_eq!(edited(9, 1), Ok(b"bodyXY".to_vec()));
        assert_eq!(edited(0, 3), Err(Status::BadArgument));
        assert_eq!(edited(1, 3), Err(Status::BadArgument));
        assert_eq!(edited(3, 9), Err(Status::BadArgument));
    }

    #[test]
    fn a_slice_never_reads_beyond_the_buffer() {
        assert_eq!(slice(b"body", 1, 2), b"od");
        assert_eq!(slice(b"body", 1, usize::MAX), b"ody");
        assert_eq!(slice(b"body", 9, 1), b"");
    }
}
