//! `format`: the ones that are enforced. Others are refused when the document compiles, or, when
//! they say nothing about the text, let through.

/// A format of JSON Schema (2020-12, section 7.3) or of OpenAPI's registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Date,
    Time,
    DateTime,
    Email,
    Hostname,
    Ipv4,
    Ipv6,
    Uuid,
    Uri,
    UriReference,
    Base64,
    Base64Url,
    Int32,
    Int64,
    /// Says nothing that can be checked: `password`, `binary`, `float`, `double`.
    Free,
}

impl Format {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "date" => Self::Date,
            "time" => Self::Time,
            "date-time" => Self::DateTime,
            "email" | "idn-email" => Self::Email,
            "hostname" => Self::Hostname,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            "uuid" => Self::Uuid,
            "uri" | "iri" | "url" => Self::Uri,
            "uri-reference" | "iri-reference" => Self::UriReference,
            "byte" => Self::Base64,
            "base64url" => Self::Base64Url,
            "int32" => Self::Int32,
            "int64" => Self::Int64,
            "password" | "binary" | "float" | "double" | "decimal" => Self::Free,
            _ => return None,
        })
    }

    /// Whether a text has the format; formats of numbers do not concern texts.
    pub(crate) fn fits_text(self, text: &str) -> bool {
        match self {
            Self::Date => is_date(text),
            Self::Time => is_time(text),
            Self::DateTime => text
                .split_once(['T', 't', ' '])
                .is_some_and(|(date, time)| is_date(date) && is_time(time)),
            Self::Email => is_email(text),
            Self::Hostname => is_hostname(text),
            Self::Ipv4 => text.parse::<core::net::Ipv4Addr>().is_ok(),
            Self::Ipv6 => text.parse::<core::net::Ipv6Addr>().is_ok(),
            Self::Uuid => is_uuid(text),
            Self::Uri => has_scheme(text) && is_uri_text(text),
            Self::UriReference => is_uri_text(text),
            Self::Base64 => is_base64(text, "+/"),
            Self::Base64Url => is_base64(text, "-_"),
            Self::Int32 | Self::Int64 | Self::Free => true,
        }
    }

    /// Whether a number has the format; formats of texts do not concern numbers.
    pub(crate) fn fits_number(self, number: &serde_json::Number) -> bool {
        match self {
            Self::Int32 => number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
            Self::Int64 => number.is_i64(),
            _ => true,
        }
    }
}

/// `2026-02-28`, days counted right.
fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut number = |length: usize| {
        parts
            .next()
            .filter(|part| part.len() == length && part.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|part| part.parse::<u16>().ok())
    };
    let (Some(year), Some(month), Some(day)) = (number(4), number(2), number(2)) else {
        return false;
    };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day) && parts.next().is_none()
}

/// `12:34:56.7Z` or with an offset (RFC 3339 section 5.6).
fn is_time(text: &str) -> bool {
    let two = |part: Option<&str>, most: u8| {
        part.filter(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|part| part.parse::<u8>().ok())
            .is_some_and(|value| value <= most)
    };
    let (clock, offset) = match text.find(['Z', 'z', '+', '-']) {
        Some(at) => text.split_at(at),
        None => return false,
    };
    let offset_fits = match offset.get(1..) {
        Some("") => offset.eq_ignore_ascii_case("z"),
        Some(rest) if !offset.starts_with(['Z', 'z']) => rest
            .split_once(':')
            .is_some_and(|(hours, minutes)| two(Some(hours), 23) && two(Some(minutes), 59)),
        _ => false,
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = clock.split(':');
    let clock_fits = two(parts.next(), 23) && two(parts.next(), 59) && two(parts.next(), 60);
    let digits = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
    clock_fits && parts.next().is_none() && digits && offset_fits
}

/// A dot-atom and a host name (RFC 5321 section 4.1.2), no quoted local part.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let atom = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| {
                c.is_alphanumeric() || (c.is_ascii_graphic() && "!#$%&'*+-/=?^_`{|}~".contains(c))
            })
    };
    local.len() <= 64 && local.split('.').all(atom) && is_hostname(domain)
}

/// Labels of letters, digits and hyphens (RFC 1123 section 2.1); letters of any script.
fn is_hostname(text: &str) -> bool {
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

fn is_uuid(text: &str) -> bool {
    let groups: [usize; 5] = [8, 4, 4, 4, 12];
    let mut parts = text.split('-');
    groups.iter().all(|length| {
        parts.next().is_some_and(|part| {
            part.len() == *length && part.bytes().all(|b| b.is_ascii_hexdigit())
        })
    }) && parts.next().is_none()
}

fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    })
}

/// The characters of RFC 3986, those of other scripts, and percent signs with two digits.
fn is_uri_text(text: &str) -> bool {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let bytes = if c == '%' {
            let coded = rest.get(1..3).unwrap_or_default();
            if coded.len() != 2 || !coded.bytes().all(|b| b.is_ascii_hexdigit()) {
                return false;
            }
            3
        } else if c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=".contains(c) || c >= '\u{a0}'
        {
            c.len_utf8()
        } else {
            return false;
        };
        rest = rest.get(bytes..).unwrap_or_default();
    }
    true
}

fn is_base64(text: &str, marks: &str) -> bool {
    let body = text.trim_end_matches('=');
    let padding = text.len().saturating_sub(body.len());
    padding <= 2
        && (padding == 0 || text.len().is_multiple_of(4))
        && body.len() % 4 != 1
        && body
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn each_format_at_its_edges() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            (
                "date",
                &["2024-02-29", "2000-02-29", "2026-12-31"],
                &[
                    "2023-02-29",
                    "1900-02-29",
                    "2026-13-01",
                    "2026-00-10",
                    "2026-1-01",
                    "2026-01-01x",
                    "",
                    "2026-04-31",
                ],
            ),
            (
                "date-time",
                &[
                    "2026-01-02T03:04:05Z",
                    "2026-01-02t23:59:60.25+01:30",
                    "2026-01-02 03:04:05-00:00",
                ],
                &[
                    "2026-01-02T03:04:05",
                    "2026-01-02T24:04:05Z",
                    "2026-01-02",
                    "2026-01-02T03:04:05+1:00",
                    "2026-01-02T03:04:05Zx",
                    "2026-01-02T03:04:05.Z",
                ],
            ),
            (
                "email",
                &["o'brien@a.test", "a.b+c@x-y.test"],
                &[
                    "a@",
                    "@b",
                    "a b@c.test",
                    "a@b@c.test",
                    "a..b@c.test",
                    "<a@b.test>",
                    "a@-b.test",
                ],
            ),
            ("ipv4", &["127.0.0.1"], &["127.1", "1.2.3.256", "01.2.3.4"]),
            (
                "ipv6",
                &["::1", "2001:db8::8:800:200c:417a"],
                &["::g", "1::2::3"],
            ),
            (
                "uuid",
                &["3F2504e0-4f89-11d3-9a0c-0305e82c3301"],
                &[
                    "3f2504e04f8911d39a0c0305e82c3301",
                    "3f2504e0-4f89-11d3-9a0c-0305e82c330g",
                    "{3f2504e0-4f89-11d3-9a0c-0305e82c3301}",
                ],
            ),
            (
                "uri",
                &["https://a.test/b?c=%20#d", "urn:x:y", "mailto:a@b.test"],
                &[
                    "/a",
                    "https://a.test/<b>",
                    "a b:c",
                    "x:%2",
                    "1x:y",
                    "https://a.test/\u{7f}",
                ],
            ),
            ("uri-reference", &["/a?b", "", "?x=1"], &["a b", "\\a"]),
            (
                "byte",
                &["", "YQ==", "YQ", "+/AA"],
                &["Y", "YQ=", "-_AA", "Y Q="],
            ),
            ("base64url", &["-_AA"], &["+/AA"]),
            ("hostname", &["a.test", "xn--a"], &["", "a..b", "a_b", "-a"]),
        ];
        for (name, fit, unfit) in cases {
            let format = Format::named(name).unwrap();
            for text in *fit {
                assert!(format.fits_text(text), "{name}: {text}");
            }
            for text in *unfit {
                assert!(!format.fits_text(text), "{name}: {text}");
            }
        }
        assert_eq!(Format::named("color"), None);
    }

    #[test]
    fn integers_fit_their_width() {
        let number = |text: &str| serde_json::from_str(text).unwrap();
        assert!(Format::Int32.fits_number(&number("-2147483648")));
        assert!(!Format::Int32.fits_number(&number("2147483648")));
        assert!(Format::Int64.fits_number(&number("9223372036854775807")));
        assert!(!Format::Int64.fits_number(&number("9223372036854775808")));
    }
}
