//! The optional listener for callers that cannot open a Unix socket: OpenSSL connects, with the right
//! certificate, with wrong ones, without any, and with an older protocol.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Name};
use support::*;

struct Identity {
    key: PKey<Private>,
    certificate: X509,
}

/// A certificate for a DNS name, signed by `issuer`, or an authority of its own.
fn identity(name: &str, issuer: Option<&Identity>) -> Identity {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let mut made = X509::builder().unwrap();
    made.set_version(2).unwrap();
    let mut serial = BigNum::new().unwrap();
    serial
        .rand(64, openssl::bn::MsbOption::MAYBE_ZERO, false)
        .unwrap();
    made.set_serial_number(&serial.to_asn1_integer().unwrap())
        .unwrap();
    made.set_subject_name(&subject).unwrap();
    made.set_issuer_name(issuer.map_or(&subject, |issuer| issuer.certificate.subject_name()))
        .unwrap();
    made.set_pubkey(&key).unwrap();
    made.set_not_before(&Asn1Time::days_from_now(0).unwrap())
        .unwrap();
    made.set_not_after(&Asn1Time::days_from_now(2).unwrap())
        .unwrap();
    if issuer.is_none() {
        made.append_extension(BasicConstraints::new().critical().ca().build().unwrap())
            .unwrap();
    }
    let names = SubjectAlternativeName::new()
        .dns(name)
        .build(&made.x509v3_context(issuer.map(|one| &*one.certificate), None))
        .unwrap();
    made.append_extension(names).unwrap();
    made.sign(
        issuer.map_or(&key, |issuer| &issuer.key),
        MessageDigest::sha256(),
    )
    .unwrap();
    Identity {
        key,
        certificate: made.build(),
    }
}

/// One request over TLS; `None` when the connection ends without an answer.
fn ask(
    port: u16,
    authority: &Identity,
    client: Option<&Identity>,
    newest: SslVersion,
    bytes: &[u8],
) -> Option<String> {
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.set_max_proto_version(Some(newest)).unwrap();
    connector.set_verify(SslVerifyMode::PEER);
    connector
        .cert_store_mut()
        .add_cert(authority.certificate.clone())
        .unwrap();
    if let Some(client) = client {
        connector.set_certificate(&client.certificate).unwrap();
        connector.set_private_key(&client.key).unwrap();
    }
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut stream = connector.build().connect("bridge.test", stream).ok()?;
    // Who is refused may notice only when it reads.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    (!answer.is_empty()).then_some(answer)
}

#[test]
fn only_a_listed_client_with_a_certificate_and_tls_1_3_gets_an_answer() {
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    let authority = identity("authority", None);
    let server = identity("bridge.test", Some(&authority));
    place.write("ca.pem", &pem(&authority));
    place.write("server.pem", &pem(&server));
    let key = server.key.private_key_to_pem_pkcs8().unwrap();
    place.write("server.key", std::str::from_utf8(&key).unwrap());
    let audit = place.path("audit.jsonl");
    let text = std::fs::read_to_string(place.path("bridge.toml")).unwrap();
    let tls = format!(
        "[audit]\npath = {audit:?}\n[[socket]]\n\
         tls = {{ address = \"127.0.0.1:0\", certificate = {:?}, key = {:?}, client_ca = {:?}, \
         clients = [\"edge.test\"] }}\ntoken = {{ file = {:?} }}\n\
         allow = [{{ kid = \"mac\", ops = [\"mac\"] }}]\n",
        place.path("server.pem"),
        place.path("server.key"),
        place.path("ca.pem"),
        place.path("token"),
    );
    place.write("bridge.toml", &format!("{text}{tls}"));
    let doctor = place.verb("doctor", &[]);
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(said.contains("named edge.test get in"), "{said}");
    let bridge = place.serve();
    let port = port(&bridge);

    let body = br#"{"alg":"HS256","data":"AAAA"}"#;
    let right = request("POST", "/v1/keys/mac/mac", TOKEN, "", body);
    let newest = SslVersion::TLS1_3;
    let edge = identity("edge.test", Some(&authority));
    let answer = ask(port, &authority, Some(&edge), newest, &right).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(bridge.orders(), 1.0);
    let line = std::fs::read_to_string(&audit).unwrap();
    assert!(line.contains("\"peer\":\"edge.test\""), "{line}");
    // A certificate is not the header token, and opens no other socket's keys.
    let wrong = request("POST", "/v1/keys/mac/mac", "another token", "", body);
    let answer = ask(port, &authority, Some(&edge), newest, &wrong).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");

    let stranger = identity("edge.test", Some(&identity("authority", None)));
    let other = identity("other.test", Some(&authority));
    for (who, client, newest) in [
        ("nobody", None, newest),
        ("a stranger", Some(&stranger), newest),
        ("another name", Some(&other), newest),
        ("TLS 1.2", Some(&edge), SslVersion::TLS1_2),
    ] {
        let answer = ask(port, &authority, client, newest, &right);
        assert_eq!(answer, None, "{who}");
    }
    let mut plain = TcpStream::connect(("127.0.0.1", port)).unwrap();
    plain
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    plain.write_all(&right).unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert_eq!(bridge.orders(), 1.0, "the token was asked once in all");
    let refused = |cause| bridge.metric("hsmb_refused_connections_total", cause);
    assert_eq!(refused("name"), 1.0);
    assert_eq!(refused("handshake"), 4.0);
}

#[test]
fn a_listener_without_names_or_with_unusable_files_is_refused() {
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    let text = std::fs::read_to_string(place.path("bridge.toml")).unwrap();
    let tls = |clients: &str| {
        format!(
            "{text}[[socket]]\ntls = {{ address = \"127.0.0.1:0\", certificate = \"/no/cert\", \
             key = \"/no/key\", client_ca = \"/no/ca\", clients = [{clients}] }}\n\
             token = {{ file = {:?} }}\nallow = [{{ kid = \"mac\", ops = [\"mac\"] }}]\n",
            place.path("token")
        )
    };
    place.write("bridge.toml", &tls(""));
    let said = place.verb("check", &[]);
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains("socket[1].tls.clients: must name"), "{said}");
    place.write("bridge.toml", &tls("\"edge.test\""));
    let served = place.verb("serve", &[]);
    let said = String::from_utf8_lossy(&served.stderr).into_owned();
    assert!(
        !served.status.success() && said.contains("/no/ca"),
        "{said}"
    );
}

fn pem(identity: &Identity) -> String {
    String::from_utf8(identity.certificate.to_pem().unwrap()).unwrap()
}

/// The port that the system chose, as the log tells it.
fn port(bridge: &Bridge<'_>) -> u16 {
    let log = bridge.log();
    let line = log
        .iter()
        .find(|line| line.contains("\"listening\""))
        .unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let address = line["address"].as_str().unwrap();
    address.rsplit(':').next().unwrap().parse().unwrap()
}
