//! What every engine can do, and the one without a sandbox.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use super::work::{Operation, Work};

/// A place where the work runs.
pub(crate) trait Engine {
    /// Name and version.
    fn version(&self) -> String;

    /// Gets inputs of this size ready for an operation, by its place in the list that guest and host
    /// share; gives their exact length.
    fn prepare(&mut self, operation: u32, bytes: usize) -> anyhow::Result<usize>;

    /// Does the prepared work so often; gives the time that took.
    ///
    /// # Errors
    /// A result was wrong.
    fn run(&mut self, times: u32) -> anyhow::Result<Duration>;
}

/// This process.
#[derive(Default)]
pub(super) struct Native(Option<Work>);

impl Engine for Native {
    fn version(&self) -> String {
        format!("native {}", std::env::consts::ARCH)
    }

    fn prepare(&mut self, operation: u32, bytes: usize) -> anyhow::Result<usize> {
        let operation = Operation::ALL.get(operation as usize);
        let operation = *operation.context("no such operation")?;
        Ok(self.0.insert(Work::new(operation, bytes)).bytes())
    }

    fn run(&mut self, times: u32) -> anyhow::Result<Duration> {
        let Some(work) = &mut self.0 else {
            bail!("nothing is prepared")
        };
        let began = Instant::now();
        ensure!(work.run(times), "a native result is wrong");
        Ok(began.elapsed())
    }
}

/// The place of an operation in the list that guest and host share.
pub(super) fn number(operation: Operation) -> u32 {
    Operation::ALL
        .iter()
        .position(|one| *one == operation)
        .unwrap_or_default() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_runs_and_is_right() {
        let mut native = Native::default();
        for operation in Operation::ALL {
            let length = native.prepare(number(operation), 1024).expect("prepared");
            assert!((1024..1300).contains(&length), "{operation:?} {length}");
            native.run(3).expect("a right result");
            assert_eq!(Operation::ALL[number(operation) as usize], operation);
        }
    }
}
