//! The head of a request and its connection, as the host tells of them.

use sealgate_engine::{Channel, RequestHead};

use super::Stream;
use crate::host::{self, HostFault};

impl Stream {
    pub(super) fn head(&self, end_of_stream: bool) -> Result<(RequestHead, Channel), HostFault> {
        let headers = host::request_headers()?;
        let (reads_channel, reads_route) = self.gate.as_ref().map_or((false, false), |gate| {
            (gate.reads_channel(), gate.reads_route_name())
        });
        let metadata = [
            "xds",
            "route_metadata",
            "filter_metadata",
            "sealgate",
            "policy",
        ];
        let head = RequestHead {
            headers,
            end_of_stream,
            route_name: if reads_route {
                host::property_text(&["xds", "route_name"])
            } else {
                None
            },
            metadata_policy: host::property_text(&metadata),
        };
        Ok((
            head,
            if reads_channel {
                channel()
            } else {
                Channel::default()
            },
        ))
    }
}

/// The host's request id, as far as it is safe to print.
pub(super) fn request_id(head: &RequestHead) -> String {
    head.headers
        .iter()
        .find(|(name, _)| name == b"x-request-id")
        .and_then(|(_, value)| std::str::from_utf8(value).ok())
        .filter(|text| text.len() <= 128 && text.bytes().all(|byte| (0x21..0x7f).contains(&byte)))
        .unwrap_or_default()
        .to_owned()
}

/// The request's trace context (W3C Trace Context section 3.2): its fixed form or nothing.
pub(super) fn traceparent(head: &RequestHead) -> String {
    let mut values = head
        .headers
        .iter()
        .filter(|(name, _)| name == b"traceparent");
    let (Some((_, value)), None) = (values.next(), values.next()) else {
        return String::new();
    };
    let hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte) || *byte == b'-';
    let fits = value.len() == 55 && value.iter().all(hex);
    let text = std::str::from_utf8(value).ok().filter(|_| fits);
    text.unwrap_or_default().to_owned()
}

/// The connection as the host describes it. What it does not say is absent.
fn channel() -> Channel {
    let san = ["uri_san_peer_certificate", "dns_san_peer_certificate"];
    Channel {
        tls_version: host::property_text(&["connection", "tls_version"]),
        client_certificate: host::property_bool(&["connection", "mtls"]).unwrap_or(false),
        san: san
            .iter()
            .filter_map(|name| host::property_text(&["connection", name]))
            .collect(),
    }
}
