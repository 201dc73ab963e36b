//! The date of Coupang's header: `yyMMddTHHmmssZ`, UTC, years 2000 to 2099.

use crate::SignatureError;

const SECONDS_A_DAY: i64 = 86_400;
/// Seconds and days from the Unix epoch to the year 2000 and to 2100.
const FIRST_DAY: i64 = 10_957;
const END_DAY: i64 = 47_482;

/// Reads the date as seconds since the Unix epoch.
pub(crate) fn decode(text: &[u8]) -> Result<i64, SignatureError> {
    let &[y1, y2, m1, m2, d1, d2, b'T', h1, h2, i1, i2, s1, s2, b'Z'] = text else {
        return Err(SignatureError::Malformed);
    };
    let (year, month, day) = (pair(y1, y2)?, pair(m1, m2)?, pair(d1, d2)?);
    let (hour, minute, second) = (pair(h1, h2)?, pair(i1, i2)?, pair(s1, s2)?);
    let exists = (1..=days_in(year, month)).contains(&day);
    if !exists || hour > 23 || minute > 59 || second > 59 {
        return Err(SignatureError::Malformed);
    }
    let days = FIRST_DAY + days_before(year) + (1..month).map(|m| days_in(year, m)).sum::<i64>();
    Ok((days + day - 1) * SECONDS_A_DAY + hour * 3600 + minute * 60 + second)
}

/// Writes a time in seconds since the Unix epoch.
pub(crate) fn encode(seconds: i64) -> Result<String, SignatureError> {
    let day = seconds.div_euclid(SECONDS_A_DAY);
    if !(FIRST_DAY..END_DAY).contains(&day) {
        return Err(SignatureError::InvalidSpec);
    }
    let mut rest = day - FIRST_DAY;
    let year = (0..100)
        .rev()
        .find(|&year| days_before(year) <= rest)
        .unwrap_or(0);
    rest -= days_before(year);
    let mut month = 1;
    while rest >= days_in(year, month) {
        rest -= days_in(year, month);
        month += 1;
    }
    let of_day = seconds.rem_euclid(SECONDS_A_DAY);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    Ok(format!(
        "{year:02}{month:02}{:02}T{hour:02}{minute:02}{second:02}Z",
        rest + 1
    ))
}

/// Days from the start of 2000 to the start of this year of the century.
fn days_before(year: i64) -> i64 {
    year * 365 + (year + 3) / 4
}

/// Days of a month; none of a month that is none. 2000 is a leap year, 2100 is out of range.
fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

fn pair(tens: u8, ones: u8) -> Result<i64, SignatureError> {
    if tens.is_ascii_digit() && ones.is_ascii_digit() {
        Ok(i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
    } else {
        Err(SignatureError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_their_seconds() {
        for (text, seconds) in [
            ("000101T000000Z", 946_684_800),
            ("000229T235959Z", 951_868_799),
            ("231114T221320Z", 1_700_000_000),
            ("240229T000000Z", 1_709_164_800),
            ("991231T235959Z", 4_102_444_799),
        ] {
            assert_eq!(decode(text.as_bytes()), Ok(seconds), "{text}");
            assert_eq!(encode(seconds).as_deref(), Ok(text));
        }
        for out in [946_684_799, 4_102_444_800, -1, i64::MIN, i64::MAX] {
            assert_eq!(encode(out), Err(SignatureError::InvalidSpec), "{out}");
        }
    }

    #[test]
    fn every_day_of_the_century_comes_back() {
        for day in FIRST_DAY..END_DAY {
            let seconds = day * SECONDS_A_DAY + day % SECONDS_A_DAY;
            let text = encode(seconds).unwrap();
            assert_eq!(decode(text.as_bytes()), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "",
            "231114T221320",
            "20231114T221320Z",
            "231114t221320Z",
            "231114T221320z",
            "230229T000000Z",
            "231301T000000Z",
            "230001T000000Z",
            "230100T000000Z",
            "231114T240000Z",
            "231114T236000Z",
            "231114T235960Z",
            "23111 T000000Z",
            "-31114T000000Z",
        ] {
            let refused = decode(text.as_bytes());
            assert_eq!(refused, Err(SignatureError::Malformed), "{text}");
        }
    }
}
