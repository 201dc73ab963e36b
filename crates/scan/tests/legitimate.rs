//! What ordinary clients send, and must be able to go on sending.

mod common;

use common::{body_report, report};
use sealgate_scan::extract;

/// Values as they stand in JSON documents.
const VALUES: &[&str] = &[
    // names and places
    "O'Brien",
    "Conan O'Brien and Shaquille O'Neal",
    "d'Artagnan, Charles",
    "L'H\u{f4}pital's rule",
    "Jean-Luc Picard",
    "'s-Hertogenbosch",
    "Rock 'n' Roll",
    "5' 11\"",
    "3/4\" x 12' pipe",
    "M\u{fc}ller & S\u{f6}hne GmbH",
    "\u{5c71}\u{7530}\u{592a}\u{90ce}",
    "null",
    "Robert (Bob) Smith; Jr.",
    // prose that uses the words of SQL and HTML
    "Please select one item from the list and drop it on the table.",
    "Where did the union of workers select their leader from?",
    "I'd like to order by phone, or group by age.",
    "Insert the key into the lock, then update me when you're done.",
    "The table has 4 legs; drop by at 5 - or call.",
    "it's 5 o'clock and I'm like 'whatever'",
    "Don't delete from your memory what we've had",
    "Having fun isn't hard -- when you've got a library card!",
    "He said: \"select the best, or nothing\"",
    "x = 1 or maybe 2",
    "1 or 2 items, and 3 more",
    "Is 2 > 1 and 1 < 2?",
    "a < b && c > d",
    "I <3 you",
    "if x<y then z",
    "-- sent from my phone",
    "--\nKind regards,\nAlice",
    "C# and F# in 2024; C++ too",
    "script kiddies alert the onload team",
    "use JavaScript: the good parts",
    "We need the data: it's on the way",
    // Markdown and code
    "# Title\n\n* item one\n* item 'two'\n\n> quote\n\n`code` and ```fence```",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "[link](https://example.com/?a=1&b=2#frag) and ![img](a.png)",
    "Fixes #42; see also #43 (comment)",
    "fn main() { println!(\"{}\", a[0]); }",
    "if (a == b) { return c; } // done",
    "git commit -m 'fix: it''s done' && git push",
    "SELECT",
    "Use the SELECT statement to read rows.",
    // GraphQL
    "query($id: ID!) { user(id: $id) { name, friends(first: 10) { edges { node { name } } } } }",
    "mutation { addItem(input: {name: \"O'Neil\", qty: 1}) { id } }",
    "{ users(where: {age: {gt: 18}}, orderBy: name) { id } }",
    // identifiers, URLs, encodings
    "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "2024-02-29T12:34:56.789+09:00",
    "alice.o'hara+tag@example.co.uk",
    "https://example.com/search?q=a+b&lang=en-US&page=2#top",
    "https://example.com/?",
    "https://api.github.com/search/code?q={query}{&page,per_page,sort,order}",
    "/users/{id}/repos{?type,page}",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.c2ln",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
    "dGhpcyBpcyBhIHRlc3QgLS0gd2l0aCA9IHBhZGRpbmc=",
    "+82 (0)2-123-4567",
    "W/\"33a64df551425fcc55e4d42a148795d9f25f89d4\"",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
    "C:\\Users\\Alice\\Documents\\report (1).docx",
    "^[a-z0-9._%+-]+@[a-z0-9.-]+\\.[a-z]{2,}$",
    "2 * (3 + 4) - 5 = 9",
    "50% off & free shipping!",
    "AT&T; Q&A; R&D",
    "Tom &amp; Jerry &lt;3",
    "$1,234.56 (approx.)",
    "T-shirt, size: M/L; colour: \"navy\"",
    "key=value; other=thing",
    "a=1&b=2&c=3",
    "{{ user.name }} has ${count} new message(s)",
    "<no subject>",
    "Alice <alice@example.com>",
    "Temperature < 5\u{b0}C = freezing",
    "1=1",
    "e=mc^2",
    "!important",
    "\u{1f600} great; thanks!",
];

#[test]
fn ordinary_values_are_clean_as_json_leaf_and_query_value() {
    let mut wrong = Vec::new();
    for value in VALUES {
        let json = serde_json::json!({ "field": value }).to_string();
        let found = body_report("application/json", &json);
        if !found.is_clean() {
            wrong.push(format!("json {value:?}: {:?}", found.findings));
        }
        let encoded: String = value.bytes().map(|b| format!("%{b:02x}")).collect();
        let found = report(|s| extract::query(format!("q={encoded}").as_bytes(), s));
        if !found.is_clean() {
            wrong.push(format!("query {value:?}: {:?}", found.findings));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn ordinary_header_values_are_clean() {
    let headers = [
        (
            "user-agent",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15",
        ),
        ("user-agent", "curl/8.5.0"),
        ("user-agent", "okhttp/4.12.0"),
        ("user-agent", "GitHub-Hookshot/f1aa6e4"),
        (
            "referer",
            "https://shop.example.com/items?id=7&sort=price#reviews",
        ),
        (
            "cookie",
            "session=abc.DEF-123; theme=dark; consent=%7B%22a%22%3Atrue%7D; _ga=GA1.2.3.4",
        ),
        (
            "accept",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        ),
        ("x-forwarded-for", "203.0.113.7, 2001:db8::1"),
    ];
    for (name, value) in headers {
        let found = report(|s| extract::header(name.as_bytes(), value.as_bytes(), s));
        assert!(found.is_clean(), "{name}: {value}: {:?}", found.findings);
    }
}
