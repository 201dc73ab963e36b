//! Streams, local replies, HTTP calls, ticks and contexts.

use super::{Registry, add};
use crate::abi::{Status, pairs};
use crate::call::HttpCall;
use crate::headers::Headers;
use crate::stream::Reply;
use crate::vm::memory::{Checked, read, status, write_u32};
use crate::vm::{ROOT, State};
use std::time::Duration;
use wasmtime::Caller;

pub(super) fn add(registry: &mut Registry<'_>) -> wasmtime::Result<()> {
    add!(registry, "proxy_continue_stream", |c, stream: u32| Ok(
        status(resume(&mut c, stream))
    ));
    add!(registry, "proxy_close_stream", |c, stream: u32| {
        Ok(status(match (stream, c.data_mut().stream()) {
            (0 | 1, Some(stream)) => {
                stream.wishes.close = true;
                Ok(())
            }
            _ => Err(Status::BadArgument),
        }))
    });
    add!(
        registry,
        "proxy_send_local_response",
        |c,
         code: u32,
         _details: u32,
         _details_size: u32,
         body: u32,
         body_size: u32,
         headers: u32,
         headers_size: u32,
         _grpc: u32| {
            Ok(status(reply(
                &mut c,
                code,
                (body, body_size),
                (headers, headers_size),
            )))
        }
    );
    add!(
        registry,
        "proxy_http_call",
        |c,
         cluster: u32,
         cluster_size: u32,
         headers: u32,
         headers_size: u32,
         body: u32,
         body_size: u32,
         trailers: u32,
         trailers_size: u32,
         timeout_ms: u32,
         token_at: u32| {
            let parts = Parts {
                cluster: (cluster, cluster_size),
                headers: (headers, headers_size),
                body: (body, body_size),
                trailers: (trailers, trailers_size),
            };
            let token = call(&mut c, &parts, timeout_ms);
            Ok(status(
                token.and_then(|token| write_u32(&mut c, token_at, token)),
            ))
        }
    );
    add!(
        registry,
        "proxy_set_tick_period_milliseconds",
        |c, period_ms: u32| {
            c.data_mut().tick_period_ms = period_ms;
            Ok(Status::Ok as u32)
        }
    );
    add!(
        registry,
        "proxy_set_effective_context",
        |c, context: u32| {
            let known = context == ROOT || c.data().streams.contains_key(&context);
            if known {
                c.data_mut().effective = context;
            }
            Ok(status(if known {
                Ok(())
            } else {
                Err(Status::BadArgument)
            }))
        }
    );
    add!(registry, "proxy_done", |_c| Ok(Status::Ok as u32));
    add!(
        registry,
        "proxy_call_foreign_function",
        |_c, _name: u32, _size: u32, _data: u32, _data_size: u32, _out: u32, _out_size: u32| Ok(
            Status::NotFound as u32
        )
    );
    Ok(())
}

fn resume(c: &mut Caller<'_, State>, stream_type: u32) -> Checked<()> {
    let stream = c.data_mut().stream().ok_or(Status::BadArgument)?;
    let flow = match stream_type {
        0 => {
            stream.wishes.resume_request = true;
            &mut stream.request
        }
        1 => {
            stream.wishes.resume_response = true;
            &mut stream.response
        }
        _ => return Err(Status::BadArgument),
    };
    // From here on the maps and the buffer are gone for the guest, before they really leave.
    flow.seal();
    Ok(())
}

fn reply(
    c: &mut Caller<'_, State>,
    code: u32,
    body: (u32, u32),
    headers: (u32, u32),
) -> Checked<()> {
    let status = u16::try_from(code).map_err(|_| Status::BadArgument)?;
    let body = read(c, body.0, body.1)?;
    let headers = read(c, headers.0, headers.1)?;
    let headers = pairs::decode(&headers).ok_or(Status::BadArgument)?;
    let stream = c.data_mut().stream().ok_or(Status::BadArgument)?;
    if stream.wishes.reply.is_none() && !stream.replied {
        stream.wishes.reply = Some(Reply {
            status,
            headers,
            body,
            details: "",
        });
    }
    Ok(())
}

struct Parts {
    cluster: (u32, u32),
    headers: (u32, u32),
    body: (u32, u32),
    trailers: (u32, u32),
}

fn call(c: &mut Caller<'_, State>, parts: &Parts, timeout_ms: u32) -> Checked<u32> {
    let cluster = read(c, parts.cluster.0, parts.cluster.1)?;
    let cluster = String::from_utf8(cluster).map_err(|_| Status::BadArgument)?;
    let mut headers = map(c, parts.headers)?;
    let body = read(c, parts.body.0, parts.body.1)?;
    let trailers = map(c, parts.trailers)?;
    if !c.data().services.clusters.contains(&cluster) {
        return Err(Status::BadArgument);
    }
    if [":path", ":method", ":authority"]
        .iter()
        .any(|name| !headers.contains(name))
    {
        return Err(Status::BadArgument);
    }
    if !body.is_empty() {
        headers.set(b"content-length", body.len().to_string().as_bytes());
    }
    let state = c.data_mut();
    state.next_token = state
        .next_token
        .checked_add(1)
        .ok_or(Status::InternalFailure)?;
    let (token, context_id) = (state.next_token, state.effective);
    state.pending.insert(token, context_id);
    let timeout = Duration::from_millis(u64::from(timeout_ms));
    state.calls.push(HttpCall {
        token,
        context_id,
        cluster,
        headers,
        body,
        trailers,
        timeout,
    });
    Ok(token)
}

fn map(c: &Caller<'_, State>, (data, size): (u32, u32)) -> Checked<Headers> {
    let bytes = read(c, data, size)?;
    pairs::decode(&bytes).ok_or(Status::BadArgument)
}
