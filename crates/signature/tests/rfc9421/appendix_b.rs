//! The signed examples: appendix B.2 to B.4, and sections 2.4, 2.5 and 4.3.

use sealgate_signature::rfc9421::{SignSpec, sign};
use sealgate_signature::{SignatureError, Signer, content_digest};

use crate::support::{BODY, DIGEST, Ed25519Signer, Owned, component, lines, shared_secret};

/// The content of the responses.
const GOOD_DOG: &[u8] = br#"{"message": "good dog"}"#;
const BUSY: &[u8] = br#"{"busy": true, "message": "Your call is very important to us"}"#;
const BUSY_DIGEST: &str = "sha-512=:0Y6iCBzGg5rZtoXS95Ijz03mslf6KAMCloESHObfwnHJDbkkWWQz6PhhU9kxsTbARtY2PTBOzq24uJFpHsMuAg==:";

/// Verified whole, and refused with the first character of each value changed.
fn holds(message: Owned, input: &str, signature: &str) {
    let label = input.split('=').next().unwrap();
    let signed = message.with(&[("signature-input", input), ("signature", signature)]);
    assert_eq!(signed.verify(), Ok(vec![label.to_owned()]));
    let covered = signed.parse().unwrap().remove(0).components;
    for field in covered.iter().filter(|one| !one.name().starts_with('@')) {
        if field.serialized().contains(";req") {
            continue;
        }
        let mut changed = signed.clone();
        let line = changed
            .headers
            .iter_mut()
            .find(|(name, _)| name == field.name().as_bytes());
        line.unwrap().1[0] ^= 1;
        assert_eq!(changed.verify(), Err(SignatureError::Mismatch), "{field:?}");
    }
}

/// What is signed by a deterministic algorithm is what we sign.
fn is_what_we_sign(
    message: &Owned,
    label: &str,
    covered: &[&str],
    (keyid, tag): (&str, Option<&str>),
    signer: &dyn Signer,
    signature: &str,
) {
    let components: Vec<_> = covered.iter().map(|one| component(one)).collect();
    let spec = SignSpec {
        label,
        components: &components,
        created: Some(1_618_884_473),
        expires: None,
        nonce: None,
        keyid: Some(keyid),
        alg: None,
        tag,
        structured: &[],
    };
    let signed = message.ask(|message| sign(message, &spec, signer).unwrap());
    assert_eq!(signed.signature, signature);
}

#[test]
fn b_2_1_minimal_signature() {
    holds(
        Owned::request(),
        r#"sig-b21=();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd""#,
        "sig-b21=:d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==:",
    );
}

#[test]
fn b_2_2_selective_components() {
    let input = concat!(
        r#"sig-b22=("@authority" "content-digest" "@query-param";name="Pet")"#,
        r#";created=1618884473;keyid="test-key-rsa-pss";tag="header-example""#
    );
    let signature = "sig-b22=:LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==:";
    holds(Owned::request(), input, signature);
    let mut other = Owned::request().with(&[("signature-input", input), ("signature", signature)]);
    other.target = "/foo?param=Value&Pet=cat";
    assert_eq!(other.verify(), Err(SignatureError::Mismatch));
}

#[test]
fn b_2_3_full_coverage() {
    holds(
        Owned::request(),
        concat!(
            r#"sig-b23=("date" "@method" "@path" "@query" "@authority" "content-type" "#,
            r#""content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss""#
        ),
        "sig-b23=:bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==:",
    );
}

#[test]
fn b_2_4_signed_response() {
    let digest = content_digest::sha512(GOOD_DOG);
    let response = Owned::response(
        200,
        &[
            ("date", "Tue, 20 Apr 2021 02:07:56 GMT"),
            ("content-type", "application/json"),
            ("content-digest", &digest),
            ("content-length", "23"),
        ],
    );
    let input = concat!(
        r#"sig-b24=("@status" "content-type" "content-digest" "content-length")"#,
        r#";created=1618884473;keyid="test-key-ecc-p256""#
    );
    let signature = "sig-b24=:wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==:";
    holds(response.clone(), input, signature);
    let mut other = response.with(&[("signature-input", input), ("signature", signature)]);
    other.status = Some(201);
    assert_eq!(other.verify(), Err(SignatureError::Mismatch));
}

#[test]
fn b_2_5_hmac() {
    let input = r#"sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#;
    let signature = "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:";
    holds(Owned::request(), input, signature);
    is_what_we_sign(
        &Owned::request(),
        "sig-b25",
        &["date", "@authority", "content-type"],
        ("test-shared-secret", None),
        &shared_secret(),
        signature,
    );
}

#[test]
fn b_2_6_ed25519() {
    let covered = [
        "date",
        "@method",
        "@path",
        "@authority",
        "content-type",
        "content-length",
    ];
    let input = concat!(
        r#"sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")"#,
        r#";created=1618884473;keyid="test-key-ed25519""#
    );
    let signature = "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:";
    holds(Owned::request(), input, signature);
    let key = ("test-key-ed25519", None);
    is_what_we_sign(
        &Owned::request(),
        "sig-b26",
        &covered,
        key,
        &Ed25519Signer,
        signature,
    );
}

#[test]
fn b_3_client_certificate_behind_a_proxy() {
    let mut request = Owned::request().with(&[("client-cert", ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=:")]);
    request.authority = "service.internal.example";
    holds(
        request,
        r#"ttrp=("@path" "@query" "@method" "@authority" "client-cert");created=1618884473;keyid="test-key-ecc-p256""#,
        "ttrp=:xVMHVpawaAC/0SbHrKRs9i8I3eOs5RtTMGCWXm/9nvZzoHsIg6Mce9315T6xoklyy0yzhD9ah4JHRwMLOgmizw==:",
    );
}

#[test]
fn b_4_transformations() {
    let signature = "transform=:ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA==:";
    let message = |method, authority, target, headers: &[(&str, &str)]| Owned {
        method,
        authority,
        target,
        headers: lines(headers),
        ..Owned::request()
    };
    let verify = |message: Owned| {
        let input = r#"transform=("@method" "@path" "@authority" "accept");created=1618884473;keyid="test-key-ed25519""#;
        let signed = message.with(&[("signature-input", input), ("signature", signature)]);
        signed.verify().map(|_| ())
    };
    let two = [("accept", "application/json"), ("accept", "*/*")];
    let target = "/demo?name1=Value1&Name2=value2";
    let original = message("GET", "example.org", target, &two);
    is_what_we_sign(
        &original,
        "transform",
        &["@method", "@path", "@authority", "accept"],
        ("test-key-ed25519", None),
        &Ed25519Signer,
        signature,
    );
    assert_eq!(verify(original), Ok(()));
    // A parameter and a field that are not covered; lines joined; lines in another order.
    let added = "/demo?name1=Value1&Name2=value2&param=added";
    let more = [two[0], two[1], ("accept-language", "en-US,en;q=0.5")];
    assert_eq!(verify(message("GET", "example.org", added, &more)), Ok(()));
    let one = [
        ("referer", "https://developer.example.org/demo"),
        ("accept", "application/json, */*"),
    ];
    assert_eq!(verify(message("GET", "example.org", target, &one)), Ok(()));
    let moved = [
        two[0],
        two[1],
        ("date", "Fri, 15 Jul 2022 14:24:55 GMT"),
        ("host", "example.org"),
    ];
    assert_eq!(
        verify(message("GET", "example.org", target, &moved)),
        Ok(())
    );
    // Method and authority changed; the values of one field in another order.
    let refused = Err(SignatureError::Mismatch);
    assert_eq!(
        verify(message("POST", "example.com", target, &two)),
        refused
    );
    let swapped = [two[1], two[0]];
    assert_eq!(
        verify(message("GET", "example.org", target, &swapped)),
        refused
    );
}

#[test]
fn section_2_5_and_3_1_signature() {
    let input = concat!(
        r#"sig1=("@method" "@authority" "@path" "content-digest" "content-length" "content-type")"#,
        r#";created=1618884473;keyid="test-key-rsa-pss""#
    );
    holds(
        Owned::request(),
        input,
        "sig1=:HIbjHC5rS0BYaa9v4QfD4193TORw7u9edguPh0AW3dMq9WImrlFrCGUDih47vAxi4L2YRZ3XMJc1uOKk/J0ZmZ+wcta4nKIgBkKq0rM9hs3CQyxXGxHLMCy8uqK488o+9jrptQ+xFPHK7a9sRL1IXNaagCNN3ZxJsYapFj+JXbmaI5rtAdSfSvzPuBCh+ARHBmWuNo1UzVVdHXrl8ePL4cccqlazIJdC4QEjrF+Sn4IxBQzTZsL9y9TP5FsZYzHvDqbInkTNigBcE9cKOYNFCn4D/WM7F6TNuZO9EgtzepLWcjTymlHzK7aXq6Am6sfOrpIC49yXjj3ae6HRalVc/g==:",
    );
}

/// The request that section 2.4 answers, signed.
fn signed_request() -> Owned {
    Owned::request().with(&[
        (
            "signature-input",
            concat!(
                r#"sig1=("@method" "@authority" "@path" "@query" "content-digest" "content-type" "#,
                r#""content-length");created=1618884475;keyid="test-key-rsa-pss""#
            ),
        ),
        ("signature", "sig1=:e8UJ5wMiRaonlth5ERtE8GIiEH7Akcr493nQ07VPNo6y3qvjdKt0fo8VHO8xXDjmtYoatGYBGJVlMfIp06eVMEyNW2I4vN7XDAz7m5v1108vGzaDljrd0H8+SJ28g7bzn6h2xeL/8q+qUwahWA/JmC8aOC9iVnwbOKCc0WSrLgWQwTY6VLp42Qt7jjhYT5W7/wCvfK9A1VmHH1lJXsV873Z6hpxesd50PSmO+xaNeYvDLvVdZlhtw5PCtUYzKjHqwmaQ6DEuM8udRjYsoNqp2xZKcuCO1nKc0V3RjpqMZLuuyVbHDAbCzr0pg2d2VM/OC33JAU7meEjjaNz+d7LWPg==:"),
    ])
}

#[test]
fn section_2_4_response_bound_to_its_request() {
    assert_eq!(
        content_digest::verify(&[BUSY_DIGEST.as_bytes()], BUSY),
        Ok(())
    );
    let mut response = Owned::response(
        503,
        &[
            ("content-digest", BUSY_DIGEST),
            ("content-type", "application/json"),
        ],
    );
    let input = concat!(
        r#"reqres=("@status" "content-digest" "content-type" "@authority";req "@method";req "#,
        r#""@path";req "content-digest";req);created=1618884479;keyid="test-key-ecc-p256""#
    );
    holds(
        response.clone(),
        input,
        "reqres=:dMT/A/76ehrdBTD/2Xx8QuKV6FoyzEP/I9hdzKN8LQJLNgzU4W767HK05rx1i8meNQQgQPgQp8wq2ive3tV5Ag==:",
    );

    assert_eq!(signed_request().verify(), Ok(vec!["sig1".to_owned()]));
    response.request = Some(Box::new(signed_request()));
    let input = concat!(
        r#"reqres=("@status" "content-digest" "content-type" "@authority";req "@method";req "#,
        r#""@path";req "@query";req "content-digest";req "content-type";req "content-length";req)"#,
        r#";created=1618884479;keyid="test-key-ecc-p256""#
    );
    let signature = "reqres=:C73J41GVKc+TYXbSobvZf0CmNcptRiWN+NY1Or0A36ISg6ymdRN6ZgR2QfrtopFNzqAyv+CeWrMsNbcV2Ojsgg==:";
    holds(response.clone(), input, signature);
    // An answer to another request.
    let mut other = response.with(&[("signature-input", input), ("signature", signature)]);
    other.request.as_mut().unwrap().method = "PUT";
    assert_eq!(other.verify(), Err(SignatureError::Mismatch));
    other.request = None;
    assert_eq!(other.verify(), Err(SignatureError::AbsentComponent));
}

#[test]
fn section_4_3_a_proxy_signs_behind_the_client() {
    let client = concat!(
        r#"sig1=("@method" "@authority" "@path" "content-digest" "content-type" "content-length")"#,
        r#";created=1618884475;keyid="test-key-ecc-p256""#
    );
    let proxy = concat!(
        r#"proxy_sig=("@method" "@authority" "@path" "content-digest" "content-type" "#,
        r#""content-length" "forwarded");created=1618884480;keyid="test-key-rsa""#,
        r#";alg="rsa-v1_5-sha256";expires=1618884540"#
    );
    let client_signature = "sig1=:X5spyd6CFnAG5QnDyHfqoSNICd+BUP4LYMz2Q0JXlb//4Ijpzp+kve2w4NIyqeAuM7jTDX+sNalzA8ESSaHD3A==:";
    holds(Owned::request(), client, client_signature);
    let mut forwarded = Owned::request().with(&[
        ("forwarded", "for=192.0.2.123;host=example.com;proto=https"),
        ("signature-input", &format!("{client}, {proxy}")),
        ("signature", &format!("{client_signature}, proxy_sig=:S6ZzPXSdAMOPjN/6KXfXWNO/f7V6cHm7BXYUh3YD/fRad4BCaRZxP+JH+8XY1I6+8Cy+CM5g92iHgxtRPz+MjniOaYmdkDcnL9cCpXJleXsOckpURl49GwiyUpZ10KHgOEe11sx3G2gxI8S0jnxQB+Pu68U9vVcasqOWAEObtNKKZd8tSFu7LB5YAv0RAGhB8tmpv7sFnIm9y+7X5kXQfi8NMaZaA8i2ZHwpBdg7a6CMfwnnrtflzvZdXAsD3LH2TwevU+/PBPv0B6NMNk93wUs/vfJvye+YuI87HU38lZHowtznbLVdp770I6VHR6WfgS9ddzirrswsE1w5o0LV/g==:")),
    ]);
    forwarded.authority = "origin.host.internal.example";
    // The client's signature is over the authority it saw; the proxy's is over the new one.
    assert_eq!(forwarded.verify(), Err(SignatureError::Mismatch));
    let found = forwarded.parse().unwrap();
    assert_eq!(found[1].label, "proxy_sig");
    let verified = forwarded.ask(|message| {
        let base = found[1].base(message, &[]).unwrap();
        let key = crate::support::key("test-key-rsa");
        key.verify_any(&[&base], &[found[1].signature.clone()])
            .is_ok()
    });
    assert!(verified);
    assert_eq!(found[1].params.expires, Some(1_618_884_540));
}

#[test]
fn the_digests_of_appendix_b_match_their_bodies() {
    assert_eq!(content_digest::verify(&[DIGEST.as_bytes()], BODY), Ok(()));
    assert_eq!(content_digest::sha512(BODY), DIGEST);
}
