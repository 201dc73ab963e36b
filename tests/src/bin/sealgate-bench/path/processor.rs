//! Processor time of a process, as the Linux scheduler counts it.

/// Microseconds that all threads of the process have run; `None` where the kernel does not tell.
pub(crate) fn microseconds(process: u32) -> Option<f64> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let mut nanoseconds = 0;
    for thread in threads.flatten() {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        nanoseconds += text.split(' ').next()?.parse::<u64>().ok()?;
    }
    Some(nanoseconds as f64 / 1e3)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn work_takes_processor_time() {
        let me = std::process::id();
        let Some(before) = super::microseconds(me) else {
            return; // a kernel built without scheduler statistics
        };
        let began = std::time::Instant::now();
        while began.elapsed().as_millis() < 30 {
            std::hint::black_box(began);
        }
        assert!(super::microseconds(me).expect("still told") > before);
    }
}
