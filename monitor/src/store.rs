//! History on disk: bounded, and whole after a crash.
//!
//! Rounds are summed into slots of three lengths; each length keeps a fixed number of slots, so the
//! file has a largest size whatever happens. Open slots are written with every closed short one: a
//! crash costs ten seconds.

mod slot;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use crate::ledger::Ledger;
use crate::round::{Labels, Millis, Reach, Reading, Role, Round, Signal, SourceRound};
use slot::Slot;

/// Lengths of slots in milliseconds, and how many are kept: an hour, a day, sixty days.
pub const RESOLUTIONS: [(Millis, u64); 3] = [(10_000, 360), (60_000, 1_440), (900_000, 5_760)];
/// Most series of one slot; what comes later is not kept.
const MAX_SERIES_PER_SLOT: usize = 1_024;
/// Most series that have a number at a time.
const MAX_NAMES: usize = 60_000;

const TABLES: [TableDefinition<'_, u64, &[u8]>; 3] = [
    TableDefinition::new("slots-10s"),
    TableDefinition::new("slots-60s"),
    TableDefinition::new("slots-900s"),
];
const NAMES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("names");
const STATE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("state");
const LEDGER: &str = "ledger";

/// What a series is.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
struct Series {
    /// Name of the source.
    source: String,
    /// Its kind.
    role: Role,
    /// What it is about.
    signal: Signal,
    /// In particular.
    labels: Labels,
    /// Whether values of a slot are summed, or the last one counts.
    level: bool,
}

/// Why the store does not work.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// The file cannot be opened, read or written.
    Database(Box<redb::Error>),
    /// What is in it is not ours.
    Foreign,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => write!(f, "the history file: {error}"),
            Self::Foreign => f.write_str("the history file holds something else"),
        }
    }
}

impl std::error::Error for StoreError {}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self::Database(Box::new(error.into()))
    }
}

/// History on disk.
pub struct Store {
    database: Database,
    numbers: HashMap<Series, u32>,
    names: BTreeMap<u32, Series>,
    open: [Option<(u64, Slot)>; 3],
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({} series)", self.numbers.len())
    }
}

impl Store {
    /// Opens the file, or makes it. Series that no slot has any more lose their number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::with(Database::create(path)?)
    }

    /// History in memory, for those who give no file.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::with(Database::builder().create_with_backend(redb::backends::InMemoryBackend::new())?)
    }

    fn with(database: Database) -> Result<Self, StoreError> {
        let mut store = Self {
            database,
            numbers: HashMap::new(),
            names: BTreeMap::new(),
            open: Default::default(),
        };
        let writing = store.database.begin_write()?;
        {
            let mut used = BTreeSet::new();
            for (table, open) in TABLES.iter().zip(&mut store.open) {
                let slots = writing.open_table(*table)?;
                for entry in slots.iter()? {
                    let (_, bytes) = entry?;
                    Slot::decode(bytes.value())?.numbers(&mut used);
                }
                // The last slot may go on.
                if let Some((number, bytes)) = slots.last()? {
                    *open = Some((number.value(), Slot::decode(bytes.value())?));
                }
            }
            let mut names = writing.open_table(NAMES)?;
            names.retain(|number, _| used.contains(&number))?;
            for entry in names.iter()? {
                let (number, bytes) = entry?;
                let series: Series =
                    serde_json::from_slice(bytes.value()).map_err(|_| StoreError::Foreign)?;
                store.numbers.insert(series.clone(), number.value());
                store.names.insert(number.value(), series);
            }
            writing.open_table(STATE)?;
        }
        writing.commit()?;
        Ok(store)
    }

    /// Adds a round. Slots that thereby closed are written, and with them those that are open.
    ///
    /// # Errors
    /// [`StoreError`]; the round stays in memory and is written with the next.
    pub fn add(&mut self, round: &Round) -> Result<(), StoreError> {
        let mut added = Slot::default();
        let mut named = Vec::new();
        for source in &round.sources {
            added.seconds = added.seconds.max(source.span_seconds);
            for (reading, level) in source
                .flows
                .iter()
                .map(|one| (one, false))
                .chain(source.levels.iter().map(|one| (one, true)))
            {
                if let Some(number) = self.number(source, reading, level, &mut named) {
                    added.put(number, level, reading.value);
                }
            }
        }
        let mut closed = false;
        let mut to_write: Vec<(usize, u64, Slot)> = Vec::new();
        for (at, ((length, _), open)) in RESOLUTIONS.iter().zip(&mut self.open).enumerate() {
            let now = u64::try_from(round.at.div_euclid(*length)).unwrap_or(0);
            match open {
                Some((number, slot)) if *number >= now => slot.add(&added),
                _ => {
                    if let Some((number, slot)) = open.replace((now, added.clone())) {
                        closed = true;
                        to_write.push((at, number, slot));
                    }
                }
            }
        }
        if closed || !named.is_empty() {
            self.write(&to_write, &named)?;
        }
        Ok(())
    }

    /// Writes what is open: at a clean end.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn flush(&mut self) -> Result<(), StoreError> {
        self.write(&[], &[])
    }

    fn write(&self, closed: &[(usize, u64, Slot)], named: &[u32]) -> Result<(), StoreError> {
        let writing = self.database.begin_write()?;
        {
            let mut names = writing.open_table(NAMES)?;
            for number in named {
                if let Some(series) = self.names.get(number) {
                    let bytes = serde_json::to_vec(series).map_err(|_| StoreError::Foreign)?;
                    names.insert(number, bytes.as_slice())?;
                }
            }
            for (at, (table, (_, kept))) in TABLES.iter().zip(RESOLUTIONS).enumerate() {
                let mut slots = writing.open_table(*table)?;
                for (_, number, slot) in closed.iter().filter(|one| one.0 == at) {
                    slots.insert(number, slot.encode().as_slice())?;
                }
                if let Some(Some((number, slot))) = self.open.get(at) {
                    slots.insert(number, slot.encode().as_slice())?;
                    if let Some(too_old) = number.checked_sub(kept) {
                        slots.retain_in(..=too_old, |_, _| false)?;
                    }
                }
            }
        }
        writing.commit()?;
        Ok(())
    }

    /// Slots of one length as rounds, oldest first, from a moment on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn rounds(&self, resolution: usize, from: Millis) -> Result<Vec<Round>, StoreError> {
        let mut rounds = Vec::new();
        self.each(resolution, from, |at, slot| {
            let mut sources: BTreeMap<&str, SourceRound> = BTreeMap::new();
            for (number, level, value) in slot.entries() {
                let Some(series) = self.names.get(&number) else {
                    continue;
                };
                let source = sources
                    .entry(&series.source)
                    .or_insert_with(|| SourceRound {
                        source: series.source.clone(),
                        role: series.role,
                        reach: Reach::Up,
                        span_seconds: slot.seconds,
                        flows: Vec::new(),
                        levels: Vec::new(),
                    });
                let reading = Reading {
                    signal: series.signal,
                    labels: series.labels.clone(),
                    value,
                };
                if level {
                    source.levels.push(reading);
                } else {
                    source.flows.push(reading);
                }
            }
            rounds.push(Round {
                at,
                sources: sources.into_values().collect(),
            });
        })?;
        Ok(rounds)
    }

    /// Calls `with` for every slot of one length that begins at `from` or later, and the moment it
    /// begins.
    fn each(
        &self,
        resolution: usize,
        from: Millis,
        mut with: impl FnMut(Millis, &Slot),
    ) -> Result<(), StoreError> {
        let (Some((length, _)), Some(table)) =
            (RESOLUTIONS.get(resolution), TABLES.get(resolution))
        else {
            return Ok(());
        };
        let first = u64::try_from(from.div_euclid(*length)).unwrap_or(0);
        let begins = |number: u64| i64::try_from(number).unwrap_or(0).saturating_mul(*length);
        let open = self.open.get(resolution).and_then(Option::as_ref);
        let reading = self.database.begin_read()?;
        let slots = reading.open_table(*table)?;
        for entry in slots.range(first..)? {
            let (number, bytes) = entry?;
            let number = number.value();
            if open.is_some_and(|open| open.0 <= number) {
                break;
            }
            with(begins(number), &Slot::decode(bytes.value())?);
        }
        if let Some((number, slot)) = open.filter(|open| open.0 >= first) {
            with(begins(*number), slot);
        }
        Ok(())
    }

    /// Keeps the alerts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn save_ledger(&self, ledger: &Ledger) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(ledger).map_err(|_| StoreError::Foreign)?;
        let writing = self.database.begin_write()?;
        writing
            .open_table(STATE)?
            .insert(LEDGER, bytes.as_slice())?;
        writing.commit()?;
        Ok(())
    }

    /// The alerts as they were kept last.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ledger(&self) -> Result<Ledger, StoreError> {
        let reading = self.database.begin_read()?;
        let state = reading.open_table(STATE)?;
        match state.get(LEDGER)? {
            Some(bytes) => serde_json::from_slice(bytes.value()).map_err(|_| StoreError::Foreign),
            None => Ok(Ledger::default()),
        }
    }

    /// The number of a series; a new one is noted in `named`. Nothing when there is no room.
    fn number(
        &mut self,
        source: &SourceRound,
        reading: &Reading,
        level: bool,
        named: &mut Vec<u32>,
    ) -> Option<u32> {
        let series = Series {
            source: source.source.clone(),
            role: source.role,
            signal: reading.signal,
            labels: reading.labels.clone(),
            level,
        };
        if let Some(number) = self.numbers.get(&series) {
            return Some(*number);
        }
        if self.names.len() >= MAX_NAMES {
            return None;
        }
        let last = self.names.last_key_value().map_or(0, |last| *last.0);
        let number = last.checked_add(1)?;
        self.numbers.insert(series.clone(), number);
        self.names.insert(number, series);
        named.push(number);
        Some(number)
    }
}

#[cfg(test)]
mod tests;
