//! Which header map a guest may see, and when.

use super::State;
use crate::abi::{MapKind, Status};
use crate::headers::Headers;

impl State {
    /// The map for reading. Absent once its part left the filter (Envoy: `BadArgument`).
    pub(super) fn map(&self, kind: MapKind) -> Result<&Headers, Status> {
        match kind {
            MapKind::CallResponseHeaders => self.answer.as_ref().map(|answer| &answer.headers),
            MapKind::CallResponseTrailers => self.answer.as_ref().map(|answer| &answer.trailers),
            _ => {
                let stream = self
                    .streams
                    .get(&self.effective)
                    .ok_or(Status::BadArgument)?;
                match kind {
                    MapKind::RequestHeaders if stream.in_log => stream.log_request.as_ref(),
                    MapKind::ResponseHeaders if stream.in_log => stream.log_response.as_ref(),
                    MapKind::RequestHeaders => stream.request.open_headers(),
                    MapKind::RequestTrailers => stream.request.open_trailers(),
                    MapKind::ResponseHeaders => stream.response.open_headers(),
                    _ => stream.response.open_trailers(),
                }
            }
        }
        .ok_or(Status::BadArgument)
    }

    /// The map for editing; call answers and the maps of `on_log` are read-only.
    pub(super) fn map_mut(&mut self, kind: MapKind) -> Result<&mut Headers, Status> {
        let stream = self.stream().ok_or(Status::BadArgument)?;
        if stream.in_log {
            return Err(Status::BadArgument);
        }
        let flow = match kind {
            MapKind::RequestHeaders | MapKind::RequestTrailers => &mut stream.request,
            MapKind::ResponseHeaders | MapKind::ResponseTrailers => &mut stream.response,
            MapKind::CallResponseHeaders | MapKind::CallResponseTrailers => {
                return Err(Status::BadArgument);
            }
        };
        if flow.sealed {
            return Err(Status::BadArgument);
        }
        match kind {
            MapKind::RequestHeaders | MapKind::ResponseHeaders => flow.headers.as_mut(),
            _ => flow.trailers.as_mut(),
        }
        .ok_or(Status::BadArgument)
    }

    /// A property, by its wire path.
    pub(super) fn property(&self, path: &[u8]) -> Option<Vec<u8>> {
        let fixed: &[u8] = match path {
            b"plugin_name" => b"sealgate",
            b"plugin_root_id" | b"plugin_vm_id" => b"",
            _ => return self.stream_property(path),
        };
        Some(fixed.to_vec())
    }

    fn stream_property(&self, path: &[u8]) -> Option<Vec<u8>> {
        let stream = self.streams.get(&self.effective)?;
        if let Some(value) = stream.properties.value(path) {
            return Some(value.encode());
        }
        let head = self.map(MapKind::RequestHeaders).ok()?;
        let rest = path.strip_prefix(b"request\0")?;
        if let Some(name) = rest.strip_prefix(b"headers\0") {
            return head.first(name).map(<[u8]>::to_vec);
        }
        let target = head.first(b":path");
        match rest {
            b"path" => target.map(<[u8]>::to_vec),
            b"url_path" => target.map(|target| split_query(target).0.to_vec()),
            b"query" => target
                .and_then(|target| split_query(target).1)
                .map(<[u8]>::to_vec),
            b"host" => head.first(b":authority").map(<[u8]>::to_vec),
            b"scheme" => head.first(b":scheme").map(<[u8]>::to_vec),
            b"method" => head.first(b":method").map(<[u8]>::to_vec),
            b"id" => head.first(b"x-request-id").map(<[u8]>::to_vec),
            b"size" => {
                let length = head.content_length().and_then(|n| i64::try_from(n).ok());
                Some(length.unwrap_or(0).to_le_bytes().to_vec())
            }
            _ => None,
        }
    }
}

fn split_query(target: &[u8]) -> (&[u8], Option<&[u8]>) {
    match target.iter().position(|&byte| byte == b'?') {
        Some(at) => (target.get(..at).unwrap_or(target), target.get(at + 1..)),
        None => (target, None),
    }
}
