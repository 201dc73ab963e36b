//! Reading a TOML table key by key, so that every fault is found in one pass.

use toml::value::{Datetime, Offset};
use toml::{Table, Value};

/// A place in the file and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `socket[0].path`, for example.
    pub at: String,
    /// What is wrong, and what is expected.
    pub what: String,
}

/// The faults found so far.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, at: impl Into<String>, what: impl Into<String>) {
        self.0.push(Fault {
            at: at.into(),
            what: what.into(),
        });
    }
}

/// A table being read: each key is taken once, and what is left over is unknown.
pub(super) struct Section {
    at: String,
    table: Table,
}

impl Section {
    pub(super) fn new(at: impl Into<String>, table: Table) -> Self {
        Self {
            at: at.into(),
            table,
        }
    }

    /// The path of a key in this section.
    pub(super) fn at(&self, key: &str) -> String {
        if self.at.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.at)
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(super) fn text(&mut self, key: &str, faults: &mut Faults) -> Option<String> {
        match self.table.remove(key)? {
            Value::String(text) if !text.is_empty() => Some(text),
            _ => {
                faults.add(self.at(key), "must be a text that is not empty");
                None
            }
        }
    }

    pub(super) fn required(&mut self, key: &str, faults: &mut Faults) -> Option<String> {
        if !self.has(key) {
            faults.add(self.at(key), "is missing");
        }
        self.text(key, faults)
    }

    pub(super) fn flag(&mut self, key: &str, default: bool, faults: &mut Faults) -> bool {
        match self.table.remove(key) {
            None => default,
            Some(Value::Boolean(flag)) => flag,
            Some(_) => {
                faults.add(self.at(key), "must be true or false");
                default
            }
        }
    }

    /// An integer between `least` and `most`.
    pub(super) fn number(
        &mut self,
        key: &str,
        default: u64,
        (least, most): (u64, u64),
        faults: &mut Faults,
    ) -> u64 {
        match self.table.remove(key) {
            None => default,
            Some(Value::Integer(number))
                if u64::try_from(number).is_ok_and(|n| (least..=most).contains(&n)) =>
            {
                number.unsigned_abs()
            }
            Some(_) => {
                faults.add(
                    self.at(key),
                    format!("must be an integer from {least} to {most}"),
                );
                default
            }
        }
    }

    /// A moment in UTC, as `2027-01-31` (its beginning) or `2027-01-31T08:00:00Z`, in seconds of Unix
    /// time.
    pub(super) fn moment(&mut self, key: &str, faults: &mut Faults) -> Option<u64> {
        let moment = match self.table.remove(key)? {
            Value::Datetime(written) => unix_time(&written),
            _ => None,
        };
        if moment.is_none() {
            faults.add(
                self.at(key),
                "must be a date or a time in UTC, without quotes: 2027-01-31 or 2027-01-31T08:00:00Z",
            );
        }
        moment
    }

    pub(super) fn texts(&mut self, key: &str, faults: &mut Faults) -> Option<Vec<String>> {
        self.list(key, "a list of texts", faults, |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        })
    }

    pub(super) fn numbers(&mut self, key: &str, faults: &mut Faults) -> Option<Vec<u32>> {
        self.list(key, "a list of numbers", faults, |value| {
            value
                .as_integer()
                .and_then(|number| u32::try_from(number).ok())
        })
    }

    /// One table, as `[key]` or `key = { .. }`.
    pub(super) fn section(&mut self, key: &str, faults: &mut Faults) -> Option<Self> {
        match self.table.remove(key)? {
            Value::Table(table) => Some(Self::new(self.at(key), table)),
            _ => {
                faults.add(self.at(key), "must be a table");
                None
            }
        }
    }

    /// Tables in a list, as `[[key]]` or `key = [{ .. }]`.
    pub(super) fn sections(&mut self, key: &str, faults: &mut Faults) -> Vec<Self> {
        let at = self.at(key);
        let tables = self.list(key, "a list of tables", faults, |value| match value {
            Value::Table(table) => Some(table),
            _ => None,
        });
        let numbered = tables.unwrap_or_default().into_iter().enumerate();
        numbered
            .map(|(index, table)| Self::new(format!("{at}[{index}]"), table))
            .collect()
    }

    /// Reports every key that was not taken. `known` is what the message offers.
    pub(super) fn end(self, known: &str, faults: &mut Faults) {
        for key in self.table.keys() {
            faults.add(self.at(key), format!("is not a setting; here are: {known}"));
        }
    }

    fn list<T>(
        &mut self,
        key: &str,
        kind: &str,
        faults: &mut Faults,
        read: impl FnMut(Value) -> Option<T>,
    ) -> Option<Vec<T>> {
        let value = self.table.remove(key)?;
        let items = match value {
            Value::Array(items) => items.into_iter().map(read).collect::<Option<Vec<T>>>(),
            _ => None,
        };
        if items.is_none() {
            faults.add(self.at(key), format!("must be {kind}"));
        }
        items
    }
}

/// Days since 1970 by the proleptic Gregorian calendar, in years that begin in March: then the day of
/// the leap year is the last, and 153 days are five months.
fn unix_time(written: &Datetime) -> Option<u64> {
    let date = written.date?;
    let (year, month, day) = (
        u64::from(date.year),
        u64::from(date.month),
        u64::from(date.day),
    );
    let (year, month) = if month > 2 {
        (year, month.checked_sub(3)?)
    } else {
        (year.checked_sub(1)?, month.checked_add(9)?)
    };
    let leaps = (year / 4)
        .checked_sub(year / 100)?
        .checked_add(year / 400)?;
    let days = (month * 153 + 2) / 5 + year * 365 + leaps + day;
    // 1970-01-01, counted the same way.
    let days = days.checked_sub(719_469)?;
    let seconds = match (written.time, written.offset) {
        (None, None) => 0,
        (Some(time), Some(Offset::Z | Offset::Custom { minutes: 0 })) => {
            u64::from(time.hour) * 3600
                + u64::from(time.minute) * 60
                + u64::from(time.second.unwrap_or(0))
        }
        _ => return None,
    };
    days.checked_mul(86_400)?.checked_add(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        for (written, seconds) in [
            ("1970-01-01", 0),
            ("2000-02-29", 951_782_400),
            ("2000-03-01", 951_868_800),
            ("2027-01-31T08:00:01Z", 1_801_382_401),
            ("2100-03-01", 4_107_542_400),
        ] {
            let parsed: Datetime = written.parse().unwrap();
            assert_eq!(unix_time(&parsed), Some(seconds), "{written}");
        }
        for bad in [
            "2027-01-31T08:00:00",
            "2027-01-31T08:00:00+02:00",
            "08:00:00",
        ] {
            let parsed: Datetime = bad.parse().unwrap();
            assert_eq!(unix_time(&parsed), None, "{bad}");
        }
    }
}
