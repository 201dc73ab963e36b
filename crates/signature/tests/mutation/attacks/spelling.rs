//! The signature value cut, padded, or written in another way that a lax reader takes for the same.

use base64ct::{Base64, Base64Url, Base64UrlUnpadded, Encoding as _};

use super::{refuse, victim};
use crate::subject::Subject;

/// How a value may be written.
#[derive(Debug, Clone, Copy)]
enum Spelling {
    Hex,
    Base64,
    /// Base64 with its `+`, `/` and `=` percent-encoded.
    EscapedBase64,
    /// As in JOSE: the other alphabet, no padding.
    Base64Url,
}

pub(crate) fn cut_padded_respelt(subject: &Subject) {
    let original = victim(subject);
    let mut found = 0;
    for presented in subject.scheme.present(&original.message()).unwrap() {
        for value in &presented.signatures {
            for spelling in Spelling::ALL {
                let text = spelling.write(value);
                for other in lengths(value)
                    .iter()
                    .map(|other| spelling.write(other))
                    .chain(spelling.variants(&text))
                {
                    if let Some(changed) = original.with_text(text.as_bytes(), other.as_bytes()) {
                        refuse(
                            subject,
                            &original,
                            &changed,
                            &format!("{text} as {other:?}"),
                        );
                        found += 1;
                    }
                }
            }
        }
    }
    assert!(found > 16, "the signature was not found on the wire");
}

/// The value cut to every length, and longer than it is.
fn lengths(value: &[u8]) -> Vec<Vec<u8>> {
    let mut made: Vec<Vec<u8>> = (0..value.len()).map(|end| value[..end].to_vec()).collect();
    made.push([value, &[0]].concat());
    made.push([&[0], value].concat());
    made.push([value, value].concat());
    made.push(vec![0; value.len()]);
    made
}

impl Spelling {
    const ALL: [Self; 4] = [
        Self::Hex,
        Self::Base64,
        Self::EscapedBase64,
        Self::Base64Url,
    ];

    fn write(self, value: &[u8]) -> String {
        match self {
            Self::Hex => value.iter().map(|byte| format!("{byte:02x}")).collect(),
            Self::Base64 => Base64::encode_string(value),
            Self::EscapedBase64 => escape(&Base64::encode_string(value)),
            Self::Base64Url => Base64UrlUnpadded::encode_string(value),
        }
    }

    /// Other texts that a lax reader takes for the same value.
    fn variants(self, text: &str) -> Vec<String> {
        let mut made = vec![
            format!("{text} "),
            format!(" {text}"),
            format!("{text}\t"),
            format!("{text}\n"),
            format!("{text}\0"),
            format!("\"{text}\""),
            format!("{text}%00"),
            format!("{}\n{}", &text[..4], &text[4..]),
            format!("{} {}", &text[..4], &text[4..]),
        ];
        match self {
            Self::Hex => made.extend([
                text.to_uppercase(),
                format!("0x{text}"),
                format!("{text}0"),
                format!("0{text}"),
            ]),
            Self::Base64 => {
                let value = Base64::decode_vec(text).unwrap();
                let bare = text.trim_end_matches('=');
                made.extend([
                    bare.to_owned(),
                    format!("{text}="),
                    format!("{text}===="),
                    Base64Url::encode_string(&value),
                ]);
                made.extend(spare_bits(bare, text));
            }
            Self::EscapedBase64 => {
                let plain = text.replace("%3D", "=");
                made.extend([
                    plain,
                    text.replace("%3D", "%3d"),
                    text.replace("%2B", "%2b"),
                ]);
            }
            Self::Base64Url => {
                made.extend([format!("{text}="), format!("{text}==")]);
                made.extend(spare_bits(text, text));
            }
        }
        made
    }
}

/// The last letter with other bits where a decoder reads none.
fn spare_bits(bare: &str, text: &str) -> Vec<String> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let spare = match bare.len() % 4 {
        2 => 16,
        3 => 4,
        _ => return Vec::new(),
    };
    let last = bare.as_bytes()[bare.len() - 1];
    let Some(at) = ALPHABET.iter().position(|&letter| letter == last) else {
        return Vec::new();
    };
    (1..spare)
        .map(|bits| {
            let letter = char::from(ALPHABET[at ^ bits]);
            let padding = &text[bare.len()..];
            format!("{}{letter}{padding}", &bare[..bare.len() - 1])
        })
        .collect()
}

fn escape(text: &str) -> String {
    text.replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D")
}
