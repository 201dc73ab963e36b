//! Every bound of the monitor: what it reads, keeps and sends. A hostile or broken source can fill
//! what is written here and no more.

use std::time::Duration;

/// Largest metrics page that is read, in bytes. Envoy's own is about 200 KiB.
pub const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;
/// Most sample lines of one page that are looked at.
pub const MAX_PAGE_LINES: usize = 200_000;
/// Most series of one source that are followed; those of the vocabulary are a few hundred.
pub const MAX_SERIES_PER_SOURCE: usize = 20_000;
/// Longest label value that is kept, in bytes.
pub const MAX_VALUE_BYTES: usize = 160;
/// Most sources of one monitor.
pub const MAX_SOURCES: usize = 1_000;
/// Most subjects (keys, clients, routes) that one detector follows.
pub const MAX_SUBJECTS: usize = 4_096;
/// Most alerts that are open at a time; later ones wait until one is resolved.
pub const MAX_OPEN_ALERTS: usize = 500;
/// Most resolved alerts that the page still lists.
pub const MAX_CLOSED_ALERTS: usize = 200;
/// Longest wait for a page of metrics.
pub const SCRAPE_PATIENCE: Duration = Duration::from_secs(4);
/// Longest wait for an alert's receiver.
pub const DELIVERY_PATIENCE: Duration = Duration::from_secs(5);
/// Most browsers that follow the page at a time.
pub const MAX_FOLLOWERS: usize = 64;
