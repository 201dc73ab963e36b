//! Dates of HTTP header fields in their one current spelling.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::SignatureError;

/// Reads an IMF-fixdate (RFC 9110 section 5.6.7): `Fri, 12 Sep 2025 23:53:18 GMT`.
///
/// The two obsolete forms, a wrong day of the week and every other zone are malformed.
pub(crate) fn imf_fixdate(text: &[u8]) -> Result<i64, SignatureError> {
    let text = core::str::from_utf8(text).map_err(|_| SignatureError::Malformed)?;
    let time = httpdate::parse_http_date(text).map_err(|_| SignatureError::Malformed)?;
    if httpdate::fmt_http_date(time) != text {
        return Err(SignatureError::Malformed);
    }
    time.duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .ok_or(SignatureError::Malformed)
}

/// The IMF-fixdate of a time in seconds since the Unix epoch, up to the year 9999.
pub(crate) fn to_imf_fixdate(seconds: i64) -> Result<String, SignatureError> {
    Ok(httpdate::fmt_http_date(system_time(seconds)?))
}

/// Reads a time in ISO 8601 basic form, UTC: `20150830T123600Z`.
pub(crate) fn basic(text: &[u8]) -> Result<i64, SignatureError> {
    let malformed = SignatureError::Malformed;
    let digits = |range: core::ops::Range<usize>| -> Result<i64, SignatureError> {
        let digits = text.get(range).ok_or(malformed)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(malformed);
        }
        let value = digits.iter().map(|&digit| i64::from(digit - b'0'));
        Ok(value.fold(0, |before, digit| before * 10 + digit))
    };
    let days = days_from_civil(digits(0..4)?, digits(4..6)?, digits(6..8)?);
    let seconds = digits(9..11)? * 3600 + digits(11..13)? * 60 + digits(13..15)?;
    let time = days * 86_400 + seconds;
    // Whatever is no time (month 13, 31 February, a leap second, other letters) is spelt otherwise.
    match to_basic(time) {
        Ok(spelt) if spelt.as_bytes() == text => Ok(time),
        _ => Err(malformed),
    }
}

/// The ISO 8601 basic form of a time in seconds since the Unix epoch.
pub(crate) fn to_basic(seconds: i64) -> Result<String, SignatureError> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    // `Sun, 06 Nov 1994 08:49:37 GMT`
    let text = to_imf_fixdate(seconds)?;
    let part = |range| text.get(range).unwrap_or_default();
    let month = MONTHS.iter().position(|name| *name == part(8..11));
    let month = month.unwrap_or_default() + 1;
    let (year, day, time) = (part(12..16), part(5..7), part(17..25).replace(':', ""));
    Ok(format!("{year}{month:02}{day}T{time}Z"))
}

/// The day of a time that [`basic`] reads: its first eight digits.
pub(crate) fn day_of_basic(text: &str) -> &str {
    text.get(..8).unwrap_or_default()
}

/// Days since the Unix epoch of a date in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is the last one.
    let year = if month > 2 { year } else { year - 1 };
    let months_since_march = (month + 9) % 12;
    let day_of_year = (153 * months_since_march + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719468 days from 1 March of the year 0 to the epoch.
    year * 365 + leap_days + day_of_year - 719_468
}

fn system_time(seconds: i64) -> Result<SystemTime, SignatureError> {
    // Beyond the year 9999 the form has no spelling, and the formatter panics.
    const YEAR_10000: u64 = 253_402_300_800;
    u64::try_from(seconds)
        .ok()
        .filter(|&seconds| seconds < YEAR_10000)
        .and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)))
        .ok_or(SignatureError::InvalidSpec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_form() {
        for (text, time) in [
            ("19700101T000000Z", 0),
            ("19941106T084937Z", 784_111_777),
            ("20150830T123600Z", 1_440_938_160),
            ("20000229T235959Z", 951_868_799),
            ("99991231T235959Z", 253_402_300_799),
        ] {
            assert_eq!(basic(text.as_bytes()), Ok(time), "{text}");
            assert_eq!(to_basic(time).as_deref(), Ok(text));
            assert_eq!(day_of_basic(text), &text[..8]);
        }
        for text in [
            "",
            "20150830",
            "20150830T123600",
            "20150830t123600z",
            "20150830T123660Z",
            "20150830T240000Z",
            "20150230T000000Z",
            "20151301T000000Z",
            "20150001T000000Z",
            "19000229T000000Z",
            "19691231T235959Z",
            "20150830T123600Z ",
            "2015083\u{661}T12360Z",
            "+2150830T123600Z",
        ] {
            let refused = basic(text.as_bytes());
            assert_eq!(refused, Err(SignatureError::Malformed), "{text}");
        }
    }

    #[test]
    fn one_spelling() {
        let text = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(imf_fixdate(text.as_bytes()), Ok(784_111_777));
        assert_eq!(to_imf_fixdate(784_111_777), Ok(text.into()));
        for other in [
            "",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 +0000",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            " Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:60 GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "784111777",
        ] {
            let refused = imf_fixdate(other.as_bytes());
            assert_eq!(refused, Err(SignatureError::Malformed), "{other}");
        }
        for impossible in [-1, i64::MAX, 253_402_300_800] {
            let refused = to_imf_fixdate(impossible);
            assert_eq!(refused, Err(SignatureError::InvalidSpec));
        }
        let last = to_imf_fixdate(253_402_300_799).unwrap();
        assert_eq!(imf_fixdate(last.as_bytes()), Ok(253_402_300_799));
    }
}
