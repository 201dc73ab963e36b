//! The guest's callbacks: found once, called under the time limit, traps turned into values.

use super::{Capabilities, ROOT, State, Trapped, Vm};
use crate::abi::Action;
use wasmtime::{Instance, Store, TypedFunc, WasmParams, WasmResults};

type One = Option<TypedFunc<u32, ()>>;
/// Context, token, headers, body bytes, trailers.
type CallResponse = (u32, u32, u32, u32, u32);
type Stage = Option<TypedFunc<(u32, u32, u32), u32>>;

/// Exports of the module; `None` when absent or not allowed.
pub(super) struct Callbacks {
    context_create: Option<TypedFunc<(u32, u32), ()>>,
    vm_start: Option<TypedFunc<(u32, u32), u32>>,
    configure: Option<TypedFunc<(u32, u32), u32>>,
    tick: One,
    request_headers: Stage,
    request_body: Stage,
    request_trailers: Option<TypedFunc<(u32, u32), u32>>,
    response_headers: Stage,
    response_body: Stage,
    response_trailers: Option<TypedFunc<(u32, u32), u32>>,
    call_response: Option<TypedFunc<CallResponse, ()>>,
    done: Option<TypedFunc<u32, u32>>,
    log: One,
    delete: One,
}

impl Callbacks {
    pub(super) fn find(
        store: &mut Store<State>,
        instance: &Instance,
        capabilities: &Capabilities,
    ) -> Self {
        let mut finder = Finder {
            store,
            instance,
            capabilities,
        };
        Self {
            context_create: finder.find("proxy_on_context_create"),
            vm_start: finder.find("proxy_on_vm_start"),
            configure: finder.find("proxy_on_configure"),
            tick: finder.find("proxy_on_tick"),
            request_headers: finder.find("proxy_on_request_headers"),
            request_body: finder.find("proxy_on_request_body"),
            request_trailers: finder.find("proxy_on_request_trailers"),
            response_headers: finder.find("proxy_on_response_headers"),
            response_body: finder.find("proxy_on_response_body"),
            response_trailers: finder.find("proxy_on_response_trailers"),
            call_response: finder.find("proxy_on_http_call_response"),
            done: finder.find("proxy_on_done"),
            log: finder.find("proxy_on_log"),
            delete: finder.find("proxy_on_delete"),
        }
    }
}

struct Finder<'a> {
    store: &'a mut Store<State>,
    instance: &'a Instance,
    capabilities: &'a Capabilities,
}

impl Finder<'_> {
    fn find<P: WasmParams, R: WasmResults>(&mut self, name: &str) -> Option<TypedFunc<P, R>> {
        if !self.capabilities.allows(name) {
            return None;
        }
        self.instance.get_typed_func(&mut *self.store, name).ok()
    }
}

/// The parts of a message, as callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    RequestHeaders,
    RequestBody,
    RequestTrailers,
    ResponseHeaders,
    ResponseBody,
    ResponseTrailers,
}

impl Vm {
    pub(crate) fn context_create(&mut self, context: u32, root: u32) -> Result<(), Trapped> {
        let callback = self.callbacks.context_create.clone();
        self.call(callback, context, (context, root)).map(|_| ())
    }

    pub(super) fn vm_start(&mut self, bytes: usize) -> Result<bool, Trapped> {
        let callback = self.callbacks.vm_start.clone();
        Ok(self
            .call(callback, ROOT, (ROOT, size(bytes)))?
            .is_none_or(|answer| answer != 0))
    }

    pub(super) fn configure(&mut self, bytes: usize) -> Result<bool, Trapped> {
        let callback = self.callbacks.configure.clone();
        Ok(self
            .call(callback, ROOT, (ROOT, size(bytes)))?
            .is_none_or(|answer| answer != 0))
    }

    pub(crate) fn tick(&mut self) -> Result<(), Trapped> {
        let callback = self.callbacks.tick.clone();
        self.call(callback, ROOT, ROOT).map(|_| ())
    }

    /// Runs the callback for one part. A missing callback lets the part through, as in Envoy.
    pub(crate) fn part(
        &mut self,
        part: Part,
        context: u32,
        count: usize,
        end: bool,
    ) -> Result<Action, Trapped> {
        let stage = match part {
            Part::RequestHeaders => &self.callbacks.request_headers,
            Part::RequestBody => &self.callbacks.request_body,
            Part::ResponseHeaders => &self.callbacks.response_headers,
            Part::ResponseBody => &self.callbacks.response_body,
            Part::RequestTrailers | Part::ResponseTrailers => {
                return self.trailers(part, context, count);
            }
        };
        let stage = stage.clone();
        let answer = self.call(stage, context, (context, size(count), u32::from(end)))?;
        Ok(answer.map_or(Action::Continue, Action::from_abi))
    }

    fn trailers(&mut self, part: Part, context: u32, count: usize) -> Result<Action, Trapped> {
        let callback = if part == Part::RequestTrailers {
            self.callbacks.request_trailers.clone()
        } else {
            self.callbacks.response_trailers.clone()
        };
        let answer = self.call(callback, context, (context, size(count)))?;
        Ok(answer.map_or(Action::Continue, Action::from_abi))
    }

    pub(crate) fn call_response(
        &mut self,
        context: u32,
        token: u32,
        headers: usize,
        body: usize,
        trailers: usize,
    ) -> Result<(), Trapped> {
        let callback = self.callbacks.call_response.clone();
        let arguments = (ROOT, token, size(headers), size(body), size(trailers));
        self.call(callback, context, arguments).map(|_| ())
    }

    pub(crate) fn done(&mut self, context: u32) -> Result<bool, Trapped> {
        let callback = self.callbacks.done.clone();
        Ok(self
            .call(callback, context, context)?
            .is_none_or(|answer| answer != 0))
    }

    pub(crate) fn on_log(&mut self, context: u32) -> Result<(), Trapped> {
        let callback = self.callbacks.log.clone();
        self.call(callback, context, context).map(|_| ())
    }

    pub(crate) fn delete(&mut self, context: u32) -> Result<(), Trapped> {
        let callback = self.callbacks.delete.clone();
        self.call(callback, context, context).map(|_| ())
    }

    fn call<P: WasmParams, R: WasmResults>(
        &mut self,
        callback: Option<TypedFunc<P, R>>,
        context: u32,
        arguments: P,
    ) -> Result<Option<R>, Trapped> {
        let Some(callback) = callback else {
            return Ok(None);
        };
        self.store.data_mut().effective = context;
        self.store.set_epoch_deadline(self.callback_ticks);
        match callback.call(&mut self.store, arguments) {
            Ok(answer) => Ok(Some(answer)),
            Err(error) => Err(Trapped(format!("{error:#}"))),
        }
    }
}

fn size(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
