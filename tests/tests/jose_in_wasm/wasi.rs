//! As much of WASI preview 1 as Rust's test harness needs: arguments, environment, a clock, random
//! bytes, and something to write to. There are no files.

use std::path::Path;
use std::time::Instant;

use wasmtime::{Caller, Config, Engine, Extern, Linker, Memory, Module, Store};

const SUCCESS: i32 = 0;
const BAD_DESCRIPTOR: i32 = 8;
/// Tests run one after the other: there are no threads.
const ARGUMENTS: [&str; 2] = ["tests", "--test-threads=1"];

struct World {
    environment: Vec<String>,
    written: Vec<u8>,
    began: Instant,
    exit: Option<i32>,
}

/// Runs a command module to its end: its exit code, where it told one, and what it wrote.
pub(crate) fn run(module: &Path, environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let engine = Engine::new(&Config::new()).expect("an engine");
    let module = Module::from_file(&engine, module).expect("a module");
    let mut linker = Linker::new(&engine);
    link(&mut linker).expect("functions");
    linker
        .define_unknown_imports_as_traps(&module)
        .expect("traps");
    let world = World {
        environment: environment
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect(),
        written: Vec::new(),
        began: Instant::now(),
        exit: None,
    };
    let mut store = Store::new(&engine, world);
    let instance = linker
        .instantiate(&mut store, &module)
        .expect("an instance");
    let start = instance
        .get_typed_func::<(), ()>(&mut store, "_start")
        .expect("a command");
    let ended = start.call(&mut store, ());
    let world = store.into_data();
    let mut output = String::from_utf8_lossy(&world.written).into_owned();
    let code = match (world.exit, ended) {
        (Some(code), _) => Some(code),
        (None, Ok(())) => Some(0),
        (None, Err(trap)) => {
            output.push_str(&format!("\n{trap:#}"));
            None
        }
    };
    (code, output)
}

fn link(linker: &mut Linker<World>) -> wasmtime::Result<()> {
    const WASI: &str = "wasi_snapshot_preview1";
    linker.func_wrap(
        WASI,
        "args_sizes_get",
        |mut caller: Caller<'_, World>, count: i32, bytes: i32| {
            sizes(&mut caller, &ARGUMENTS.map(str::to_owned), count, bytes)
        },
    )?;
    linker.func_wrap(
        WASI,
        "args_get",
        |mut caller: Caller<'_, World>, places: i32, texts: i32| {
            strings(&mut caller, &ARGUMENTS.map(str::to_owned), places, texts)
        },
    )?;
    linker.func_wrap(
        WASI,
        "environ_sizes_get",
        |mut caller: Caller<'_, World>, count: i32, bytes: i32| {
            let environment = caller.data().environment.clone();
            sizes(&mut caller, &environment, count, bytes)
        },
    )?;
    linker.func_wrap(
        WASI,
        "environ_get",
        |mut caller: Caller<'_, World>, places: i32, texts: i32| {
            let environment = caller.data().environment.clone();
            strings(&mut caller, &environment, places, texts)
        },
    )?;
    linker.func_wrap(
        WASI,
        "clock_time_get",
        |mut caller: Caller<'_, World>, _: i32, _: i64, out: i32| {
            let nanoseconds = caller.data().began.elapsed().as_nanos() as u64;
            put(&mut caller, out, &nanoseconds.to_le_bytes())
        },
    )?;
    linker.func_wrap(
        WASI,
        "random_get",
        |mut caller: Caller<'_, World>, out: i32, length: i32| {
            let mut bytes = vec![0; length as usize];
            openssl::rand::rand_bytes(&mut bytes).expect("random bytes");
            put(&mut caller, out, &bytes)
        },
    )?;
    linker.func_wrap(
        WASI,
        "fd_write",
        |mut caller: Caller<'_, World>, _: i32, vectors: i32, count: i32, written: i32| {
            let mut total = 0_u32;
            for vector in 0..count {
                let [place, length] =
                    [0, 4].map(|field| number(&mut caller, vectors + 8 * vector + field));
                let memory = memory(&mut caller);
                let (data, world) = memory.data_and_store_mut(&mut caller);
                world
                    .written
                    .extend_from_slice(&data[place as usize..][..length as usize]);
                total += length;
            }
            put(&mut caller, written, &total.to_le_bytes())
        },
    )?;
    linker.func_wrap(
        WASI,
        "proc_exit",
        |mut caller: Caller<'_, World>, code: i32| -> wasmtime::Result<()> {
            caller.data_mut().exit = Some(code);
            Err(wasmtime::Error::msg("exit"))
        },
    )?;
    linker.func_wrap(WASI, "fd_prestat_get", |_: i32, _: i32| BAD_DESCRIPTOR)?;
    linker.func_wrap(WASI, "fd_fdstat_get", |_: i32, _: i32| BAD_DESCRIPTOR)?;
    linker.func_wrap(WASI, "fd_filestat_get", |_: i32, _: i32| BAD_DESCRIPTOR)?;
    linker.func_wrap(WASI, "fd_close", |_: i32| SUCCESS)?;
    linker.func_wrap(WASI, "sched_yield", || SUCCESS)?;
    Ok(())
}

fn sizes(caller: &mut Caller<'_, World>, texts: &[String], count: i32, bytes: i32) -> i32 {
    let total: usize = texts.iter().map(|text| text.len() + 1).sum();
    put(caller, count, &(texts.len() as u32).to_le_bytes());
    put(caller, bytes, &(total as u32).to_le_bytes())
}

fn strings(caller: &mut Caller<'_, World>, texts: &[String], places: i32, mut at: i32) -> i32 {
    for (index, text) in texts.iter().enumerate() {
        put(caller, places + 4 * index as i32, &at.to_le_bytes());
        put(caller, at, &[text.as_bytes(), &[0]].concat());
        at += text.len() as i32 + 1;
    }
    SUCCESS
}

fn number(caller: &mut Caller<'_, World>, at: i32) -> u32 {
    let mut bytes = [0; 4];
    memory(caller)
        .read(&mut *caller, at as usize, &mut bytes)
        .expect("inside the memory");
    u32::from_le_bytes(bytes)
}

fn put(caller: &mut Caller<'_, World>, at: i32, bytes: &[u8]) -> i32 {
    memory(caller)
        .write(&mut *caller, at as usize, bytes)
        .expect("inside the memory");
    SUCCESS
}

fn memory(caller: &mut Caller<'_, World>) -> Memory {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => memory,
        _ => panic!("the module has no memory"),
    }
}
