//! Serialised objects that run code when they are read: Java, PHP, Python, .NET, Ruby, Node, YAML.
//!
//! Grammar: the magic of a binary stream (raw, base64 or hexadecimal), which no text starts with by
//! chance; PHP's `O:length:"Class":count:{`, whose two numbers and quotes have to be there; a type
//! name of a known gadget where JSON libraries read one (`@type`, `$type`, `@class`); a YAML tag that
//! constructs; an XStream or XMLDecoder element. Magic is enough at the start of a value, a tag or a
//! type needs its name as the second signal.
//!
//! Close to it: base64 pictures and PDF files, JSON-LD's `"@type": "Person"`, `!!str` and `!Ref` in
//! YAML, `a:1:{` in prose.

use super::Hit;
use crate::bytes::ByteClasses;
use crate::text::{Text, find, find_any, head, holds, run, skip_space, tail};
use crate::words::Phrases;
use crate::{Location, Part};

/// Magic is made of letters, so every text is looked at, shortly.
pub(super) const NEEDED: ByteClasses = ByteClasses::WORD
    .with(ByteClasses::HIGH)
    .with(ByteClasses::CONTROL);

/// Starts of streams, as they are or in base64 or hexadecimal; case counts.
const MAGIC: [(&[u8], &str); 29] = [
    (b"\xac\xed\x00\x05", "serialized-java"),
    (b"rO0AB", "serialized-java"),
    (b"aced0005", "serialized-java"),
    (b"ACED0005", "serialized-java"),
    (b"H4sIAAAAAAAAAJVU", "serialized-java"),
    (b"AAEAAAD/////", "serialized-dotnet"),
    (b"\x00\x01\x00\x00\x00\xff\xff\xff\xff", "serialized-dotnet"),
    (b"gASV", "serialized-python"),
    (b"gANjb3MK", "serialized-python"),
    (b"gAJjb3MK", "serialized-python"),
    (b"gANjYnVpbHRpbn", "serialized-python"),
    (b"gANjX19idWlsdGlu", "serialized-python"),
    (b"gANjc3VicHJvY2Vzcw", "serialized-python"),
    (b"gAJjX19idWlsdGlu", "serialized-python"),
    (b"\x04\x08o:", "serialized-ruby"),
    (b"BAhvO", "serialized-ruby"),
    (b"BAhVO", "serialized-ruby"),
    // As text of Latin-1.
    (b"\xc2\xac\xc3\xad\x00\x05", "serialized-java"),
    (b"yv66vgAAAD", "serialized-java"),
    (b"KGxwMAo", "serialized-python"),
    (b"KGRwMAo", "serialized-python"),
    (b"KGRwMApT", "serialized-python"),
    (b"gASVIQAAAAAAAACMCGJ1aWx0aW5z", "serialized-python"),
    (b"BAhbCG", "serialized-ruby"),
    (b"pst0\x04", "serialized-perl"),
    (b"gAJjcG9zaXg", "serialized-python"),
    (b"gANjcG9zaXg", "serialized-python"),
    (b"Y29zCnN5c3Rlb", "serialized-python"),
    (b"Y3Bvc2l4CnN5c3Rlb", "serialized-python"),
];

pub(super) fn detect(text: &Text<'_>) -> Option<Hit> {
    let bytes = text.bytes;
    let value = skip_space(head(bytes, 64));
    let first = bytes.first().copied().unwrap_or_default();
    let hit = |rule, score| Some(Hit::at(rule, score, 0, 4));
    let may_be_magic = matches!(
        first,
        b'r' | b'a'
            | b'A' | b'B' | b'H' | b'g' | b'p' | b'Y' | b'y' | b'K' | 0..=b' ' | 0x80..
    );
    let mut magics = MAGIC.iter().filter(|_| may_be_magic);
    let magic = magics.find(|(magic, _)| magic.first() == Some(&first) && bytes.starts_with(magic));
    if let Some((magic, rule)) = magic {
        // Four letters are too few for a word of base64 to be told from a name.
        let long = magic.len() > 5
            || bytes.first().is_some_and(|&b| b >= 0x80 || b <= 8)
            || bytes.len() >= 24;
        return hit(rule, if long { 10 } else { 5 });
    }
    if matches!(first, b'c' | b'(' | 0..=b' ' | 0x80..) && pickle(value) {
        return hit("serialized-python", 9);
    }
    if first == b'T' && php_in_base64(bytes) {
        return hit("serialized-php", 10);
    }
    if first == b'/'
        && holds(
            head(bytes, 64),
            const { &Phrases::new(&[b"aaqaaap////8ba", b"aaeaaad/////aq"]) },
        )
    {
        return hit("serialized-dotnet", 9);
    }
    if text.seen.intersects(ByteClasses::OPERATOR)
        && bytes.contains(&b'!')
        && let Some(at) = yaml(bytes)
    {
        return Some(Hit::at("serialized-yaml", 9, at, 4));
    }
    if text.seen.intersects(ByteClasses::COLON) {
        if let Some(at) = php(bytes) {
            return Some(Hit::at("serialized-php", 10, at, 4));
        }
        if find(bytes, b"2002:").is_some()
            && let Some(at) = yaml(bytes)
        {
            return Some(Hit::at("serialized-yaml", 9, at, 4));
        }
    }
    // Names that Python's jsonpickle and Node's funcster act on.
    let acts = [
        b"py/object".as_slice(),
        b"py/reduce",
        b"py/function",
        b"__js_function",
        b"^o",
    ];
    if text.part == Part::Name && acts.iter().any(|name| bytes.eq_ignore_ascii_case(name)) {
        return Some(Hit::at("serialized-name", 9, 0, bytes.len()));
    }
    if text.seen.intersects(ByteClasses::DOLLAR)
        && let Some(at) = find(bytes, b"_$$nd_func$$_")
    {
        return Some(Hit::at("serialized-node", 10, at, 13));
    }
    // A class name stands alone, or in quotes, brackets or tags; not in a URL, an address, a sentence.
    let quoted = ByteClasses::QUOTE
        .with(ByteClasses::BRACKET)
        .with(ByteClasses::ANGLE);
    let apart = ByteClasses::SPACE
        .with(ByteClasses::SLASH)
        .with(ByteClasses::MARK);
    if text.seen.intersects(ByteClasses::DOT)
        && (text.seen.intersects(quoted) || !text.seen.intersects(apart))
        && let Some(at) = gadget(bytes).or_else(|| typed_class(text))
    {
        return Some(Hit::at("serialized-gadget", 10, at, 8));
    }
    if text.seen.intersects(ByteClasses::ANGLE)
        && let Some(at) = xml(bytes)
    {
        return Some(Hit::at("serialized-xml", 10, at, 8));
    }
    None
}

/// Python's old protocols: `cos\nsystem\n(`, `c__builtin__\neval`, `(dp0\nS'`.
fn pickle(value: &[u8]) -> bool {
    let call = [
        b"cos\nsystem".as_slice(),
        b"cposix\nsystem",
        b"c__builtin__\n",
        b"cbuiltins\n",
        b"csubprocess\n",
        b"cnt\nsystem",
    ];
    let binary = matches!(value, [0x80, 2..=5, b'c' | b'}' | b']' | b'(' | 0x95, ..]);
    binary
        || call.iter().any(|start| value.starts_with(start))
        || value.starts_with(b"(dp0\n")
        || value.starts_with(b"(lp0\n")
}

/// `Tzo4Oi..`, base64 of `O:` and a digit, which a token of this length has seldom and never with nothing
/// but base64 behind it that starts with the number's end.
fn php_in_base64(text: &[u8]) -> bool {
    let [b'T', b'z', b'o', digit, rest @ ..] = text else {
        return false;
    };
    let number = matches!(digit, b'w'..=b'z' | b'0'..=b'5');
    // A colon and a quote behind one digit or two.
    let colon = rest.starts_with(b"Oi") || rest.get(2..4) == Some(b"oi");
    number
        && colon
        && text.len() >= 24
        && text
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"+/=-_".contains(b))
}

/// `O:4:"Name":1:{`, `C:11:"ArrayObject":..`, also inside `a:1:{i:0;O:..`.
fn php(text: &[u8]) -> Option<usize> {
    let mut at = 0usize;
    while let Some(colon) = tail(text, at)
        .iter()
        .position(|&b| b == b':')
        .map(|p| p.saturating_add(at))
    {
        at = colon.saturating_add(1);
        let kind = colon.checked_sub(1).and_then(|i| text.get(i)).copied();
        if !matches!(kind, Some(b'O' | b'C' | b'o')) {
            continue;
        }
        let lead = colon.checked_sub(2).and_then(|i| text.get(i)).copied();
        let rest = tail(text, at);
        let rest = if rest.first() == Some(&b'+') {
            tail(rest, 1)
        } else {
            rest
        };
        let digits = run(head(rest, 8), |b| b.is_ascii_digit());
        let quoted = tail(rest, digits);
        let placed = lead.is_none_or(|b| !b.is_ascii_alphanumeric());
        if placed && digits > 0 && (quoted.starts_with(b":\"") || quoted.starts_with(b":\\\"")) {
            let name = tail(quoted, 2);
            let end = run(head(name, 128), |b| b != b'"');
            let after = tail(name, end.saturating_add(1));
            let count = run(tail(head(after, 12), 1), |b| b.is_ascii_digit());
            let brace = after
                .get(count.saturating_add(1)..)
                .is_some_and(|rest| rest.starts_with(b":{"));
            if after.first() == Some(&b':') && count > 0 && brace {
                return colon.checked_sub(1);
            }
        }
    }
    None
}

/// `!!python/object/apply:os.system`, `!!javax.script.ScriptEngineManager`, `!ruby/object:Gem`.
fn yaml(text: &[u8]) -> Option<usize> {
    find_any(
        text,
        const {
            &Phrases::new(&[
                b"!!python/object",
                b"!!python/name",
                b"!!python/module",
                b"!!javax.",
                b"!!java.",
                b"!!com.sun",
                b"!!org.",
                b"!ruby/object",
                b"!ruby/hash",
                b"!ruby/struct",
                b"!!js/function",
                b"2002:python/object",
                b"2002:java.",
                b"2002:javax.",
                b"2002:js/",
                b"2002:ruby/",
            ])
        },
    )
}

/// Classes that exist to be misused, where JSON libraries read a type.
fn gadget(text: &[u8]) -> Option<usize> {
    let class = find_any(
        text,
        const {
            &Phrases::new(&[
                b"com.sun.rowset.jdbcrowsetimpl",
                b"com.sun.org.apache.xalan",
                b"org.apache.commons.collections",
                b"org.springframework.context.support.filesystemxml",
                b"org.springframework.context.support.classpathxml",
                b"com.mchange.v2.c3p0",
                b"org.apache.xbean",
                b"javax.swing.jeditorpane",
                b"java.lang.processbuilder",
                b"javax.script.scriptenginemanager",
                b"system.windows.data.objectdataprovider",
                b"system.diagnostics.process",
                b"system.configuration.install",
                b"system.management.automation",
                b"ch.qos.logback.core.db",
                b"org.apache.ibatis.datasource",
                b"java.net.urlclassloader",
                b"oracle.jdbc.rowset",
                b"org.hibernate.jmx",
                b"com.zaxxer.hikari.hikariconfig",
                b"java.beans.eventhandler",
                b"java.beans.xmldecoder",
                b"org.apache.tomcat.dbcp",
                b"org.apache.shiro.",
                b"org.apache.commons.beanutils",
                b"org.codehaus.groovy.runtime",
                b"com.ibatis.sqlmap",
                b"com.caucho.",
                b"com.sun.jndi.",
                b"com.sun.syndication",
                b"java.lang.autocloseable",
                b"java.rmi.server.",
                b"java.rmi.registry",
                b"sun.rmi.server",
                b"org.python.util",
                b"bsh.interpreter",
                b"system.security.claims.claimsidentity",
                b"system.web.ui.losformatter",
                b"microsoft.visualstudio.text.formatting",
            ])
        },
    )?;
    // A stack trace names such classes, too, with a method and a line.
    let rest = tail(text, class);
    let name = run(head(rest, 160), |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$')
    });
    let typed = holds(
        head(text, class),
        const { &Phrases::new(&[b"@type", b"$type", b"@class", b"[\"", b"['", b"class="]) },
    );
    let alone = class <= 1 && matches!(tail(rest, name).first(), None | Some(b',' | b'"' | b'\''));
    (typed || alone).then_some(class)
}

/// Classes that are ordinary elsewhere and not as the type that a document asks to be read as:
/// `{"@type":"java.net.Inet4Address"}`.
fn typed_class(text: &Text<'_>) -> Option<usize> {
    static CLASSES: Phrases = Phrases::new(&[
        b"java.net.",
        b"java.lang.class",
        b"java.lang.runtime",
        b"java.io.",
        b"javax.",
        b"com.sun.",
        b"sun.",
        b"system.io.",
        b"system.windows.",
        b"system.management.",
        b"system.activities.",
        b"system.data.services.internal",
        b"system.web.ui.",
        b"system.runtime.remoting",
        b"microsoft.visualstudio.",
    ]);
    static KEYS: Phrases =
        Phrases::new(&[b"\"@type\"", b"\"$type\"", b"\"@class\"", b"\"__type\""]);
    let bytes = text.bytes;
    let key = match &text.location {
        Location::Json(path) | Location::Claim(path) => path.last_key(),
        _ => None,
    };
    let typed = [b"@type".as_slice(), b"$type", b"@class", b"__type"];
    if key.is_some_and(|key| typed.contains(&key)) {
        let at = find_any(head(bytes, 24), &CLASSES)?;
        return (at == 0).then_some(at);
    }
    if bytes.first() != Some(&b'{') {
        return None;
    }
    let key = find_any(bytes, &KEYS)?;
    let value = head(tail(bytes, key), 48);
    find_any(value, &CLASSES).map(|at| key.saturating_add(at))
}

/// XStream and XMLDecoder documents.
fn xml(text: &[u8]) -> Option<usize> {
    find_any(
        text,
        const {
            &Phrases::new(&[
                b"<dynamic-proxy>",
                b"<java.util.priorityqueue",
                b"<java.lang.processbuilder",
                b"<java class=\"java.beans.xmldecoder",
                b"<object class=\"java.lang.processbuilder",
                b"<object class=\"java.lang.runtime",
                b"<void class=\"java.lang.processbuilder",
                b"<void method=\"exec",
                b"<void class=\"java.lang.runtime",
                b"type=\"system.data.services",
                b"<sorted-set><",
                b"<javax.imageio.spi",
                b"<jdk.nashorn",
                b"<objectdataprovider",
                b"<groovy.util.expando",
                b"<org.codehaus.groovy",
            ])
        },
    )
}
