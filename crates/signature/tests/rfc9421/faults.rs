//! What the text of RFC 9421 has refused.

use sealgate_signature::SignatureError as E;

use crate::support::Owned;

#[test]
fn faults_of_the_fields() {
    let many: String = (0..9)
        .map(|i| format!("s{i}=()"))
        .collect::<Vec<_>>()
        .join(", ");
    let many_values: String = (0..9)
        .map(|i| format!("s{i}=:AQ==:"))
        .collect::<Vec<_>>()
        .join(", ");
    let wide = format!(
        "a=({})",
        (0..65)
            .map(|i| format!("\"h{i}\""))
            .collect::<Vec<_>>()
            .join(" ")
    );
    let cases = [
        (
            r#"a=("date"), a=("@method")"#,
            "a=:AQ==:",
            E::DuplicateLabel,
        ),
        (r#"a=("date")"#, "a=:AQ==:, a=:AQ==:", E::DuplicateLabel),
        (r#"a=("date")"#, "b=:AQ==:", E::LabelMismatch),
        (r#"a=("date"), b=()"#, "a=:AQ==:", E::LabelMismatch),
        (r#"a=("date")"#, "a=:AQ==:, b=:AQ==:", E::LabelMismatch),
        (
            r#"a=("date");created=1;created=2"#,
            "a=:AQ==:",
            E::DuplicateParameter,
        ),
        (
            r#"a=("@query-param";name="x";name="y")"#,
            "a=:AQ==:",
            E::DuplicateParameter,
        ),
        (
            r#"a=("date" "@method" "date")"#,
            "a=:AQ==:",
            E::DuplicateComponent,
        ),
        (
            r#"a=("@signature-params")"#,
            "a=:AQ==:",
            E::UnsupportedComponent,
        ),
        (r#"a=("@query-param")"#, "a=:AQ==:", E::UnsupportedComponent),
        (r#"a=("Date")"#, "a=:AQ==:", E::UnsupportedComponent),
        (r#"a=("")"#, "a=:AQ==:", E::UnsupportedComponent),
        (r#"a=("date";sf=?0)"#, "a=:AQ==:", E::UnsupportedParameter),
        (r#"a=("date";sf="x")"#, "a=:AQ==:", E::UnsupportedParameter),
        (r#"a=("date";key)"#, "a=:AQ==:", E::UnsupportedParameter),
        (r#"a=("date";key=x)"#, "a=:AQ==:", E::UnsupportedParameter),
        (r#"a=("date";bs;sf)"#, "a=:AQ==:", E::UnsupportedParameter),
        (
            r#"a=("date";bs;key="x")"#,
            "a=:AQ==:",
            E::UnsupportedParameter,
        ),
        (
            r#"a=("date";name="x")"#,
            "a=:AQ==:",
            E::UnsupportedParameter,
        ),
        (r#"a=("date";later)"#, "a=:AQ==:", E::UnsupportedParameter),
        (r#"a=("@method";sf)"#, "a=:AQ==:", E::UnsupportedParameter),
        (r#"a=("@method";bs)"#, "a=:AQ==:", E::UnsupportedParameter),
        (r#"a=("@method";tr)"#, "a=:AQ==:", E::UnsupportedParameter),
        (
            r#"a=("@method";key="x")"#,
            "a=:AQ==:",
            E::UnsupportedParameter,
        ),
        (
            r#"a=("@method";name="x")"#,
            "a=:AQ==:",
            E::UnsupportedParameter,
        ),
        (
            r#"a=("@query-param";name="x";sf)"#,
            "a=:AQ==:",
            E::UnsupportedParameter,
        ),
        (
            r#"a=("@query-param";name=x)"#,
            "a=:AQ==:",
            E::UnsupportedParameter,
        ),
        (r#"a=("@status";req)"#, "a=:AQ==:", E::UnsupportedParameter),
        (r#"a=("@later")"#, "a=:AQ==:", E::UnsupportedComponent),
        (r#"a=("date");created="1""#, "a=:AQ==:", E::Malformed),
        (r#"a=("date");created=1.5"#, "a=:AQ==:", E::Malformed),
        (r#"a=("date");nonce=:AQ==:"#, "a=:AQ==:", E::Malformed),
        (r#"a=("date");keyid=token"#, "a=:AQ==:", E::Malformed),
        (r#"a="date""#, "a=:AQ==:", E::Malformed),
        (r#"a=(date)"#, "a=:AQ==:", E::Malformed),
        (r#"a=("date""#, "a=:AQ==:", E::Malformed),
        (r#"a=("date")"#, "a=\"AQ==\"", E::Malformed),
        (r#"a=("date")"#, "a=:AQ==:;x", E::Malformed),
        (r#"a=("date")"#, "a=::", E::Malformed),
        (r#"a=("date")"#, "a=:AR==:", E::Malformed),
        (r#"a=("date")"#, "a=:AQ:", E::Malformed),
        (r#"a=("date")"#, "a=:AQ==", E::Malformed),
        ("", "", E::Missing),
        (&many, &many_values, E::TooLarge),
        (&wide, "a=:AQ==:", E::TooLarge),
    ];
    for (input, signature, expected) in cases {
        let request =
            Owned::request().with(&[("signature-input", input), ("signature", signature)]);
        let got = request.parse().map(|_| ());
        assert_eq!(got, Err(expected), "{input} / {signature}");
    }
    let mut request = Owned::request().with(&[("signature-input", "a=()")]);
    assert_eq!(request.parse().map(|_| ()), Err(E::LabelMismatch));
    request.headers.clear();
    assert_eq!(request.parse().map(|_| ()), Err(E::Missing));
}

#[test]
fn faults_of_the_covered_values() {
    let base = |input: &str, target: &'static str, extra: &[(&str, &[u8])]| {
        let mut request = Owned::request().covering(input);
        request.target = target;
        request.headers.extend(
            extra
                .iter()
                .map(|(n, v)| (n.as_bytes().to_vec(), v.to_vec())),
        );
        request.base().map(|_| ())
    };
    assert_eq!(base(r#"("x-absent")"#, "/", &[]), Err(E::AbsentComponent));
    assert_eq!(
        base(r#"("x-a")"#, "/", &[("x-a", b"a\nb")]),
        Err(E::IllegalValue)
    );
    assert_eq!(
        base(r#"("x-a")"#, "/", &[("x-a", b"a\rb")]),
        Err(E::IllegalValue)
    );
    assert_eq!(
        base(r#"("x-a")"#, "/", &[("x-a", b"a\0b")]),
        Err(E::IllegalValue)
    );
    assert_eq!(
        base(r#"("x-a")"#, "/", &[("x-a", "\u{fc}".as_bytes())]),
        Err(E::IllegalValue)
    );
    assert_eq!(
        base(r#"("x-a")"#, "/", &[("x-a", b"\xff")]),
        Err(E::IllegalValue)
    );
    assert_eq!(base(r#"("@path")"#, "/a\nb", &[]), Err(E::IllegalValue));
    assert_eq!(
        base(r#"("@path")"#, "http://a/", &[]),
        Err(E::UnsupportedTarget)
    );
    assert_eq!(
        base(r#"("@target-uri")"#, "a:443", &[]),
        Err(E::UnsupportedTarget)
    );
    assert_eq!(base(r#"("@target-uri")"#, "*", &[]), Ok(()));
    assert_eq!(
        base(r#"("@query-param";name="a")"#, "/?b=1", &[]),
        Err(E::AbsentComponent)
    );
    assert_eq!(
        base(r#"("@query-param";name="a")"#, "/", &[]),
        Err(E::AbsentComponent)
    );
    assert_eq!(
        base(r#"("@query-param";name="a")"#, "/?a=%FF", &[]),
        Err(E::IllegalValue)
    );
    let repeated = base(r#"("@query-param";name="a")"#, "/?a=1&%61=2", &[]);
    assert_eq!(repeated, Err(E::AmbiguousComponent));
    assert_eq!(base(r#"("@query-param";name="a")"#, "/?a", &[]), Ok(()));
}

/// What a later text may add for somebody else does not hide what is meant for us.
#[test]
fn a_signature_over_unknown_components_is_passed_over() {
    let request = Owned::request().with(&[
        (
            "signature-input",
            r#"a=("@later"), b=("@method"), c=("date";later)"#,
        ),
        ("signature", "a=:AQ==:, b=:Ag==:, c=:Aw==:"),
    ]);
    let found = request.parse().unwrap();
    let labels: Vec<_> = found.iter().map(|one| one.label.as_str()).collect();
    assert_eq!(labels, ["b"]);
}
