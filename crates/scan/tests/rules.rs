//! Each rule of ours by attacks it exists for, and texts that come close to it.

mod common;

use common::classes;
use proptest::prelude::*;
use sealgate_scan::Class::{self, Sqli, Xss};
use sealgate_scan::{Field, Location, Paranoia, Report, ScanPolicy, scan};

fn report(text: &str) -> Report {
    scan(
        &[Field::value(Location::Text, text.as_bytes())],
        &ScanPolicy::default(),
    )
}

/// Attacks libinjection passes, by the rule that has to see them.
const ATTACKS: &[(&str, &str)] = &[
    (
        "sql-break-out",
        "1' in boolean mode) union all select null,null#",
    ),
    (
        "sql-union",
        "nothing' /*!50000UNION*/ /*!50000SELECT*/ 1,2,3-- -",
    ),
    ("sql-union", "1 union(select(1),version())"),
    ("sql-union", "-1\tUNION\u{b}ALL\u{c}SELECT\n@@version"),
    ("sql-union", "1+union+select+1,2,3"),
    ("sql-union", "\u{ff07} union select 1,2"),
    (
        "sql-subquery",
        "1',(select * from generate_series(1,9) limit 1)",
    ),
    (
        "sql-subquery",
        "1)(select (case when (5451=5451) then 1 else 2 end))",
    ),
    ("sql-tautology", "or 2=2"),
    ("sql-tautology", "or a=a"),
    ("sql-tautology", "1') where 9544=9544"),
    ("sql-tautology", "\u{2019} or \u{2018}1\u{2019}=\u{2019}1"),
    ("sql-stacked", "1;iif(1157=4542,1,1/0)"),
    ("sql-tautology", "and true=false--"),
    ("sql-call", ") or pg_sleep(5)--"),
    ("sql-call", "1;waitfor delay '0:0:5'"),
    ("sql-call", "),(if(1,benchmark(3000000,md5(1)),2)"),
    ("sql-spelled-text", "1=char(119)||char(100)||char(99)"),
    ("sql-procedure", "a';exec master..xp_cmdshell 'ping'"),
    ("sql-procedure", "declare @s varchar(200)"),
    ("sql-procedure", "1 procedure analyse(1,1)"),
    ("sql-server-variable", "1-len(@@servername)"),
    ("sql-catalogue", "banner from v$version"),
    ("sql-catalogue", "x from information_schema.tables"),
    ("sql-order-by", "-7387'))) order by 1--"),
    ("sql-file", "1 into outfile '/var/www/a.php'"),
    (
        "sql-stacked",
        "1';create or replace function sleep(int) returns int as 'x'",
    ),
    ("sql-stacked", "1';(select * from (select(sleep(5)))a)"),
    ("sql-stacked", "7; drop table users"),
    ("sql-null-list", "'),NULL,NULL,NULL) --"),
    ("sql-cut-off", "admin' #"),
    ("xss-element", "<scr<script>ipt>alert(1)</scr</script>ipt>"),
    ("xss-element", "<sc\0ript>x"),
    ("xss-element", "<svg:script>alert(1)"),
    ("xss-event-handler", "<img src=x onerror[c]=alert(1)>"),
    (
        "xss-event-handler",
        "<body onload!#$%&()*~+-_.,:;?@[/|\\]^`=alert(1)>",
    ),
    ("xss-event-handler", "<video/poster/onerror=alert`1`>"),
    ("xss-event-handler", "\" autofocus onfocus=alert(1) x=\""),
    ("xss-event-handler", "<button onclick=&#97;lert(1)>"),
    (
        "xss-attribute-uri",
        "<a href=\"jav\tascript:alert(1)\">x</a>",
    ),
    (
        "xss-attribute-uri",
        "<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>",
    ),
    ("xss-attribute-uri", "<img src=\"livescript:x\">"),
    (
        "xss-attribute-uri",
        "<div style=\"width:expression(alert(1))\">",
    ),
    ("xss-uri", "javascript:alert(1)//"),
    ("xss-script", "javascript&colon;alert(1)"),
    ("xss-uri", "JaVaScRiPt:/*x*/eval(name)"),
    ("xss-break-out", "\"><h1>mine</h1>"),
    ("xss-break-out", "x' ><a href=//evil.test>"),
    ("xss-script", "\";alert('xss');//"),
    ("xss-script", "'-alert(1)-'"),
    ("xss-script", "{{constructor.constructor('alert(1)')()}}"),
    ("xss-script", "';document.location='//evil.test'"),
    ("xss-server-include", "<!--#exec cmd=\"id\"-->"),
];

/// Texts near the rules: prose, code, rich text, parameters.
const LEGITIMATE: &[&str] = &[
    "union select committee members voted from home",
    "The labour union, select members and all from the board",
    "necklace length 16\" or 18\"",
    "sometime in the 60's or 70's",
    "I'm free at 5 or 6",
    "Is 2 > 1 and 1 < 2?",
    "If `format` is `'jwk'` and the export works, or when `mode` is `true`",
    "macros: improve documentation for `select!` ([#6774])",
    "Implementation detail of the `select!` macro (see below).",
    "let mut stmt = conn.prepare(\"SELECT name FROM people\")?;",
    "We are migrating from MySQL to Postgres, and from master to main.",
    "benefit from dual citizenship",
    "Thread.sleep(500); // then retry",
    "time.sleep(5) in Python waits",
    "order by 5 pm and group by table",
    "and 2..=17 bits of S + A - PC",
    "?view=full&user=7&time=now&mode=table&order=desc&count=10",
    "@alice and @bob, see @@iterator",
    "Insert into the slot, delete from the list; update as needed",
    "Drop table reservations off at the desk",
    "don't --",
    "1k3zuKdd)#",
    "Vec<Object> and Map<String, Style> become Local<Object>",
    "<!-- please fill in `version` and `platform` -->Crash on start",
    "<p>Hello <b>world</b>, <a href=\"https://example.com/\">link</a></p>",
    "<img src=\"https://example.com/a.png\" alt=\"A picture\">",
    "JavaScript: The Good Parts (2008)",
    "javascript is not Java: it's a language",
    "data:image/png;base64,iVBORw0KGgo=",
    "the onset = 5 and online=true",
    "only=1&once=2&one=3",
    "He said \"wow\" > and then <left>",
    "eval (from_montgomery x) mod m = 1",
    "see document.cookie and window.location in the docs",
    "That's what `alert(1)` does, isn't it",
    "${name} and {{ user.name }}",
];

#[test]
fn attacks_libinjection_passes_are_seen_by_their_rule() {
    let mut wrong = Vec::new();
    for (rule, attack) in ATTACKS {
        let found = report(attack);
        let class = if rule.starts_with("sql") { Sqli } else { Xss };
        if !found
            .findings
            .iter()
            .any(|f| f.class == class && f.detector == *rule)
        {
            wrong.push(format!("{rule} {attack:?}: {:?}", found.findings));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn texts_near_the_rules_pass() {
    let mut wrong = Vec::new();
    for text in LEGITIMATE {
        let found = report(text);
        if !found.is_clean() {
            wrong.push(format!("{text:?}: {:?}", found.findings));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Pieces of SQL and HTML, to be put together at random.
fn fragments() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "'",
        "\"",
        "1",
        "0x41",
        "or",
        "and",
        "union",
        "select",
        "all",
        "from",
        "where",
        "=",
        "<",
        ">=",
        "(",
        ")",
        ",",
        ";",
        "--",
        "#",
        "/*",
        "*/",
        "||",
        "&&",
        "like",
        "not",
        "null",
        "true",
        "users",
        "password",
        "sleep",
        "version()",
        "@@version",
        "admin",
        "having",
        "group",
        "by",
        "order",
        "limit",
        "insert",
        "into",
        "drop",
        "table",
        "case",
        "when",
        "+",
        "-",
        "*",
        "a",
        "is",
        "in",
        "between",
        "exec",
        "concat",
        "`",
        "<img",
        "<a",
        ">",
        "onerror",
        "href",
        "src",
        "javascript:",
        "<svg",
        "</",
        "style",
        "<b>",
        "alert(1)",
        "<!--",
        "-->",
    ]);
    let glue = prop::sample::select(vec!["", " ", " ", "/**/", "\t"]);
    proptest::collection::vec((piece, glue), 1..9).prop_map(|parts| {
        parts
            .into_iter()
            .flat_map(|(piece, glue)| [piece, glue])
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100_000,
        rng_seed: proptest::test_runner::RngSeed::Fixed(5),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Pre-rejection and our own rules may add to libinjection; they must not take away.
    #[test]
    fn no_verdict_of_libinjection_is_lost(text in fragments()) {
        // What libinjection says of whole statements, filters and code counts from paranoia 2.
        let mut policy = ScanPolicy::default();
        policy.paranoia = Paranoia::Two;
        let field = Field::value(Location::Text, text.as_bytes());
        let found: Vec<Class> = classes(&scan(&[field], &policy));
        // Words alone are prose to us, even where libinjection sees a clause ("a limit, users").
        let prose = text.bytes().all(|b| b.is_ascii_alphabetic() || b" \t:".contains(&b));
        if !prose && libinjectionrs::detect_sqli(text.as_bytes()).is_injection() {
            prop_assert!(found.contains(&Sqli), "sqli {text:?}");
        }
        // Two verdicts are left out on purpose: a comment that holds a back quote is every other
        // issue template, and `style=` outside of a tag is a parameter (active styles are ours).
        let exempt = text.contains("<!--") || text.contains("style");
        if !exempt && libinjectionrs::detect_xss(text.as_bytes()).is_injection() {
            prop_assert!(found.contains(&Xss), "xss {text:?}");
        }
    }
}
