//! When a sealed message says it was made.

use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use crate::preset::IssuedAt;

/// Seconds since 1970; `None` when it does not say, or not in this way.
pub(crate) fn read(how: IssuedAt, value: Option<&Value>) -> Option<i64> {
    let value = value?;
    let number = || match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    match how {
        IssuedAt::SecondsText => number(),
        IssuedAt::Milliseconds | IssuedAt::MillisecondsText => number()?.checked_div(1000),
        IssuedAt::Korea => {
            let moment = OffsetDateTime::parse(value.as_str()?, &Rfc3339).ok()?;
            Some(moment.unix_timestamp())
        }
    }
}

/// The value for `now`, in seconds since 1970.
pub(crate) fn write(how: IssuedAt, now: i64) -> Option<Value> {
    Some(match how {
        IssuedAt::SecondsText => now.to_string().into(),
        IssuedAt::Milliseconds => now.checked_mul(1000)?.into(),
        IssuedAt::MillisecondsText => now.checked_mul(1000)?.to_string().into(),
        IssuedAt::Korea => {
            let offset = UtcOffset::from_hms(9, 0, 0).ok()?;
            let at = OffsetDateTime::from_unix_timestamp(now)
                .ok()?
                .to_offset(offset);
            let month = u8::from(at.month());
            let (date, time) = ((at.year(), month, at.day()), at.to_hms());
            format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+09:00",
                date.0, date.1, date.2, time.0, time.1, time.2
            )
            .into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_reads_what_it_writes() {
        let now = 1_800_000_000;
        let spellings = [
            (IssuedAt::SecondsText, "\"1800000000\""),
            (IssuedAt::Milliseconds, "1800000000000"),
            (IssuedAt::MillisecondsText, "\"1800000000000\""),
            (IssuedAt::Korea, "\"2027-01-15T17:00:00+09:00\""),
        ];
        for (how, text) in spellings {
            let value = write(how, now).unwrap();
            assert_eq!(value.to_string(), text);
            assert_eq!(read(how, Some(&value)), Some(now));
        }
        assert_eq!(read(IssuedAt::SecondsText, Some(&"1e9".into())), None);
        assert_eq!(read(IssuedAt::Korea, Some(&"yesterday".into())), None);
        assert_eq!(read(IssuedAt::SecondsText, None), None);
    }
}
