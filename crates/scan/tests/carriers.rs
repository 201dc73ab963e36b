//! The same attack in every wrapping we know: what is refused in a plain JSON string is refused in
//! each of them. And the other way round: a harmless value passes in all of them.

use std::fmt::Write as _;

use sealgate_scan::{Limits, ScanPolicy, Scanner, extract};
use serde_json::{Value, json};

/// Attacks in the grammars of the detectors; varied to more than two hundred below.
const SEEDS: [&str; 27] = [
    "1' or '1'='1",
    "admin' --",
    "1 union select username, password from users",
    "1; drop table orders--",
    "x' and 1=(select count(*) from tabname)--",
    "1 or sleep(5)#",
    "' or exists(select 1 from dual)--",
    "1') or ('a'='a",
    "-1 union all select null,version(),null-- -",
    "1' waitfor delay '0:0:5'--",
    "1; exec xp_cmdshell('dir')",
    "1' and extractvalue(1,concat(0x7e,version()))--",
    "x'; insert into users values('a','b');--",
    "1' order by 10--",
    "1 procedure analyse(extractvalue(1,1),1)",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(document.cookie)>",
    "\"><script src=//evil.example></script>",
    "<iframe src=\"javascript:alert(1)\"></iframe>",
    "<body onload=alert('x')>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<math><mi xlink:href=\"javascript:alert(1)\">x</mi></math>",
    "<object data=\"data:text/html,<script>alert(1)</script>\"></object>",
    "<video><source onerror=\"alert(1)\"></video>",
];

const HARMLESS: [&str; 6] = [
    "Siobhan O'Neill",
    "a < b and b > c",
    "Select a colour or two",
    "12 \u{d7} 3 = 36; it's fine",
    "50% off & more",
    "caf\u{e9} \u{1f600}",
];

/// Each seed in spellings that keep its meaning.
fn seeds() -> Vec<String> {
    let mut seeds = Vec::new();
    for seed in SEEDS {
        for spelled in [
            seed.to_owned(),
            seed.to_uppercase(),
            format!("hello {seed}"),
            format!("{seed} "),
            format!("\t{seed}"),
            format!("{seed}\n"),
            mixed_case(seed),
            format!("42 {seed} 42"),
        ] {
            if refused("application/json", json!([spelled]).to_string().as_bytes()) {
                seeds.push(spelled);
            }
        }
    }
    seeds
}

fn mixed_case(text: &str) -> String {
    let flip = |(at, c): (usize, char)| {
        if at % 2 == 0 {
            c.to_ascii_uppercase()
        } else {
            c
        }
    };
    text.chars().enumerate().map(flip).collect()
}

/// Whether the gate would stop this body: it cannot be taken apart, or something is found in it.
fn refused(kind: &str, body: &[u8]) -> bool {
    let policy = ScanPolicy::default();
    let mut scanner = Scanner::new(&policy);
    let read = extract::body(kind.as_bytes(), body, &policy.limits, &mut scanner);
    read.is_err() || !scanner.finish().is_clean()
}

/// Name, content type and body of every wrapping of a value.
fn carriers(value: &str) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut all: Vec<(&str, &str, Vec<u8>)> = Vec::new();
    let document = json!({ "a": value }).to_string();
    let mut add = |name, kind, body: &[u8]| all.push((name, kind, body.to_vec()));
    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded";
    const PARTS: &str = "multipart/form-data; boundary=XyZ";

    add("json", JSON, document.as_bytes());
    add(
        "json, a key",
        JSON,
        json!({ value: 1 }).to_string().as_bytes(),
    );
    add("json, deep", JSON, deep(&document, 30).as_bytes());
    add(
        "json, every character escaped",
        JSON,
        escaped_json(value).as_bytes(),
    );
    add(
        "json, first of two keys",
        JSON,
        format!("{{\"a\":{},\"a\":1}}", json!(value)).as_bytes(),
    );
    add(
        "json, second of two keys",
        JSON,
        format!("{{\"a\":1,\"a\":{}}}", json!(value)).as_bytes(),
    );
    add(
        "json in a string",
        JSON,
        json!({ "m": document }).to_string().as_bytes(),
    );
    let twice = json!({ "m": document }).to_string();
    add(
        "json in a string in a string",
        JSON,
        json!([twice]).to_string().as_bytes(),
    );
    add(
        "json in base64",
        JSON,
        json!([base64(document.as_bytes())]).to_string().as_bytes(),
    );
    let token = format!(
        "{}.{}.c2ln",
        base64(b"{\"alg\":\"none\"}"),
        base64(document.as_bytes())
    );
    add(
        "a token's claims",
        JSON,
        json!({ "token": token.replace('=', "") })
            .to_string()
            .as_bytes(),
    );
    let link = format!("https://a.test/x?y=1&z={}#f", percent(value));
    add("a link's query", JSON, json!([link]).to_string().as_bytes());
    add(
        "json with a mark",
        JSON,
        format!("\u{feff}{document}").as_bytes(),
    );
    add(
        "json behind space",
        JSON,
        format!("{}{document}", " \r\n\t".repeat(5000)).as_bytes(),
    );
    add("json behind fields", JSON, padded(value, true).as_bytes());
    add("json before fields", JSON, padded(value, false).as_bytes());
    add(
        "json lines",
        "application/x-ndjson",
        format!("1\n{{}}\n{document}\n").as_bytes(),
    );
    for kind in [
        "",
        "text/plain",
        "application/octet-stream",
        "image/png",
        "text/html",
        FORM,
    ] {
        add("json by another name", kind, document.as_bytes());
    }
    add(
        "json said to be xml",
        "application/xml",
        document.as_bytes(),
    );
    for (name, kind, wide) in [
        ("utf-16le with mark", JSON, utf16(&document, true, true)),
        ("utf-16be with mark", JSON, utf16(&document, false, true)),
        ("utf-16le", JSON, utf16(&document, true, false)),
        ("utf-16be", JSON, utf16(&document, false, false)),
        (
            "utf-16le, declared",
            "application/json; charset=utf-16le",
            utf16(&document, true, false),
        ),
        (
            "utf-16 said to be utf-8",
            "application/json; charset=utf-8",
            utf16(&document, true, false),
        ),
        ("utf-16 text", "text/plain", utf16(value, true, true)),
        ("utf-32le", JSON, utf32(&document)),
    ] {
        add(name, kind, &wide);
    }

    add("form", FORM, format!("x=1&a={}", percent(value)).as_bytes());
    add(
        "form, a name",
        FORM,
        format!("{}=1", percent(value)).as_bytes(),
    );
    add(
        "form without a type",
        "",
        format!("a={}", percent(value)).as_bytes(),
    );
    add(
        "form, encoded twice",
        FORM,
        format!("a={}", percent(&percent(value))).as_bytes(),
    );
    add(
        "form, plus for space",
        FORM,
        format!("a={}", percent(value).replace("%20", "+")).as_bytes(),
    );
    add(
        "form with json",
        FORM,
        format!("a={}", percent(&document)).as_bytes(),
    );
    let behind = format!("{{\"a\":\"1\",\"b\":\"&c={}&\"}}", percent(value));
    add("form that is json", FORM, behind.as_bytes());

    let part = |head: &str, content: &str| {
        let disposition = "Content-Disposition: form-data; name=\"a\"";
        format!("--XyZ\r\n{disposition}{head}\r\n\r\n{content}\r\n--XyZ--\r\n")
    };
    add("part", PARTS, part("", value).as_bytes());
    let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
    let one_line = !value.contains(['\n', '\t']);
    if one_line {
        add(
            "file name",
            PARTS,
            part(&format!("; filename=\"{quoted}\""), "x").as_bytes(),
        );
        add(
            "another header",
            PARTS,
            part(&format!("\r\nX-A: {value}"), "x").as_bytes(),
        );
    }
    let star = format!("; filename*=UTF-8''{}", percent(value));
    add("encoded file name", PARTS, part(&star, "x").as_bytes());
    add(
        "json part",
        PARTS,
        part("\r\nContent-Type: application/json", &document).as_bytes(),
    );
    let coded = base64(value.as_bytes());
    let encoding = "\r\nContent-Transfer-Encoding: ";
    add(
        "base64 part",
        PARTS,
        part(&format!("{encoding}base64"), &coded).as_bytes(),
    );
    let quoted = percent(value).replace('%', "=");
    add(
        "quoted part",
        PARTS,
        part(&format!("{encoding}quoted-printable"), &quoted).as_bytes(),
    );
    let inner = part("", value).replace("XyZ", "in");
    let nested = "\r\nContent-Type: multipart/mixed; boundary=in";
    add("part in a part", PARTS, part(nested, &inner).as_bytes());
    add(
        "parts with LF",
        PARTS,
        part("", value).replace("\r\n", "\n").as_bytes(),
    );
    add(
        "parts by another name",
        "text/plain",
        part("", value).as_bytes(),
    );
    add(
        "before the parts",
        PARTS,
        format!("{value}\r\n{}", part("", "x")).as_bytes(),
    );
    add(
        "behind the parts",
        PARTS,
        format!("{}{value}", part("", "x")).as_bytes(),
    );

    let text = value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;");
    const XML: &str = "application/xml";
    add("xml text", XML, format!("<a><b>{text}</b></a>").as_bytes());
    add(
        "xml attribute",
        XML,
        format!("<a b=\"{text}\"/>").as_bytes(),
    );
    add(
        "xml section",
        XML,
        format!("<a><![CDATA[{value}]]></a>").as_bytes(),
    );
    add(
        "xml sections",
        XML,
        format!("<a>{}</a>", sections(value)).as_bytes(),
    );
    add(
        "xml references",
        XML,
        format!("<a>{}</a>", references(value)).as_bytes(),
    );
    add(
        "xml by another name",
        "text/plain",
        format!("<a>{}</a>", references(value)).as_bytes(),
    );
    let wide = utf16(
        &format!("<?xml version='1.0' encoding='utf-16'?><a>{text}</a>"),
        false,
        true,
    );
    add("xml in utf-16", XML, &wide);
    add(
        "soap",
        "application/soap+xml",
        format!("<e:E xmlns:e='e'><e:B>{text}</e:B></e:E>").as_bytes(),
    );
    if !value.contains("--") {
        add(
            "xml comment",
            XML,
            format!("<a><!--{value}--></a>").as_bytes(),
        );
    }

    let argument = Value::from(value).to_string();
    let graphql = |document: &str| json!({ "query": document, "variables": {} }).to_string();
    add(
        "graphql string",
        JSON,
        graphql(&format!("{{ a(b: {argument}) {{ c }} }}")).as_bytes(),
    );
    add(
        "graphql variable",
        JSON,
        json!({ "query": "{a}", "variables": { "b": value } })
            .to_string()
            .as_bytes(),
    );
    if one_line {
        let comment = format!("{{ a }} # {value}");
        add(
            "graphql comment",
            JSON,
            graphql(comment.trim_end()).as_bytes(),
        );
    }
    add(
        "graphql body",
        "application/graphql",
        format!("{{ a(b: {argument}) }}").as_bytes(),
    );
    add("text", "text/plain", value.as_bytes());
    add("nothing said", "", value.as_bytes());
    all
}

#[test]
fn no_wrapping_hides_an_attack() {
    let seeds = seeds();
    assert!(
        seeds.len() >= 190,
        "{} seeds are refused as they are",
        seeds.len()
    );
    let mut passed = String::new();
    for seed in &seeds {
        for (name, kind, body) in carriers(seed) {
            if !refused(kind, &body) {
                writeln!(passed, "{name} ({kind}): {seed:?}").expect("written");
            }
        }
    }
    assert!(passed.is_empty(), "passed:\n{passed}");
}

#[test]
fn no_wrapping_makes_a_value_an_attack() {
    // These are refused by name: two readings, or not what the type says.
    let ambiguous = [
        "json, first of two keys",
        "json, second of two keys",
        "json said to be xml",
    ];
    let mut stopped = String::new();
    for value in HARMLESS {
        for (name, kind, body) in carriers(value) {
            if ambiguous.contains(&name) {
                assert!(refused(kind, &body), "{name}: {value}");
            } else if refused(kind, &body) {
                writeln!(stopped, "{name} ({kind}): {value:?}").expect("written");
            }
        }
    }
    assert!(stopped.is_empty(), "refused:\n{stopped}");
}

#[test]
fn containers_in_values_are_opened_to_a_bound_and_named() {
    let wrap = |levels: usize| {
        (0..levels).fold(
            json!({ "a": "1' or '1'='1" }),
            |inner, _| json!({ "m": inner.to_string() }),
        )
    };
    let report = |document: &Value| {
        let policy = ScanPolicy::default();
        let mut scanner = Scanner::new(&policy);
        let body = document.to_string();
        extract::body(b"", body.as_bytes(), &policy.limits, &mut scanner).expect("JSON");
        scanner.finish()
    };
    let found = report(&wrap(2));
    let places: Vec<String> = found
        .findings
        .iter()
        .map(|f| f.location.to_string())
        .collect();
    let inner = "json:/m > json:/m > json:/a".to_owned();
    assert!(places.contains(&inner), "{places:?}");
    let nesting = Limits::default().nesting;
    assert!(!report(&wrap(nesting)).exhausted);
    assert!(report(&wrap(nesting + 1)).exhausted);
}

/// Name, content type, and a body of so many pieces.
type Maker<'m> = (&'m str, &'m str, &'m dyn Fn(usize) -> String);

/// Counted in bytes handed to the detectors, not in seconds: what is inside of values is looked at
/// again on each level, and there are only so many levels.
#[test]
fn the_work_grows_with_the_body_and_no_faster() {
    let work = |kind: &str, body: &[u8]| {
        let policy = ScanPolicy::default();
        let mut scanner = Scanner::new(&policy);
        extract::body(kind.as_bytes(), body, &policy.limits, &mut scanner).ok();
        scanner.finish().bytes_scanned
    };
    let list = |value: Value, count: usize| Value::from(vec![value; count]).to_string();
    let nested = json!({ "a": json!({ "a": json!({ "a": "x y z" }).to_string() }).to_string() });
    let makers: [Maker<'_>; 8] = [
        ("json in json", "", &|n| list(nested.clone(), n)),
        ("links", "", &|n| {
            list(json!("https://a.test/?b=https://c.test/?d=e"), n)
        }),
        ("base64", "", &|n| {
            list(json!(base64(b"{\"a\":[1,2,3,\"b\"]}")), n)
        }),
        ("brackets", "text/plain", &|n| "[1,[2,".repeat(n)),
        ("open tags", "application/xml", &|n| "<a>".repeat(n)),
        ("comments", "application/xml", &|n| {
            format!("<a>{}</a>", "x<!--y-->".repeat(n))
        }),
        ("braces", "", &|n| {
            json!({ "query": "{a".repeat(n) }).to_string()
        }),
        ("dashes", "multipart/form-data; boundary=--", &|n| {
            "-".repeat(n * 8)
        }),
    ];
    for (name, kind, make) in makers {
        let (short, long) = (make(500), make(1000));
        let (once, twice) = (work(kind, short.as_bytes()), work(kind, long.as_bytes()));
        assert!(once <= 6 * short.len(), "{name}: {once} of {}", short.len());
        assert!(twice <= 2 * once + 256, "{name}: {once}, then {twice}");
    }
}

/// A quarter of a megabyte of ordinary members around one.
fn padded(value: &str, behind: bool) -> String {
    let mut members = String::new();
    for at in 0..4000 {
        write!(
            members,
            "\"member{at}\":\"an ordinary value, number {at}\","
        )
        .expect("written");
    }
    let last = format!("\"a\":{}", json!(value));
    if behind {
        format!("{{{members}{last}}}")
    } else {
        format!("{{{last},{}}}", members.trim_end_matches(','))
    }
}

fn deep(document: &str, levels: usize) -> String {
    format!("{}{document}{}", "[".repeat(levels), "]".repeat(levels))
}

fn escaped_json(value: &str) -> String {
    let units: String = value
        .encode_utf16()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect();
    format!("{{\"\\u0061\":\"{units}\"}}")
}

fn percent(value: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric();
    let one = |b: u8| {
        if keep(b) {
            (b as char).to_string()
        } else {
            format!("%{b:02X}")
        }
    };
    value.bytes().map(one).collect()
}

/// Cut in two between any two characters, as sections, with a comment between.
fn sections(value: &str) -> String {
    let half = value
        .char_indices()
        .nth(value.chars().count() / 2)
        .map_or(0, |(at, _)| at);
    let (one, two) = value.split_at(half);
    format!("<![CDATA[{one}]]><!-- x --><![CDATA[{two}]]>")
}

fn references(value: &str) -> String {
    value
        .chars()
        .map(|c| format!("&#x{:x};", c as u32))
        .collect()
}

fn utf16(text: &str, little: bool, mark: bool) -> Vec<u8> {
    let marked = if mark { "\u{feff}" } else { "" };
    let units = marked.encode_utf16().chain(text.encode_utf16());
    let bytes = |unit: u16| {
        if little {
            unit.to_le_bytes()
        } else {
            unit.to_be_bytes()
        }
    };
    units.flat_map(bytes).collect()
}

fn utf32(text: &str) -> Vec<u8> {
    text.chars()
        .flat_map(|c| (c as u32).to_le_bytes())
        .collect()
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let six = (word >> (18 - 6 * place)) & 63;
            text.push(if place <= chunk.len() {
                ALPHABET[six as usize] as char
            } else {
                '='
            });
        }
    }
    text
}
