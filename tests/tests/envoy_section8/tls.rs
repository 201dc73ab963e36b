//! TLS versions, client certificates and key exchange.

use sealgate_tests::draft::Draft;
use sealgate_tests::envoy::Envoy;
use sealgate_tests::h1;
use sealgate_tests::site::Site;
use sealgate_tests::tls::Offer;

use super::plugin;

#[test]
fn tls_1_2_and_missing_or_strange_client_certificates_are_refused() {
    let (site, keys, envoy) = plugin();
    let request = Draft::shared(&keys).make();
    let certificates = &site.certificates;
    let offer = Offer {
        identity: None,
        ..Offer::of(&certificates.partner_a)
    };
    let stranger = Offer::of(&certificates.stranger);
    for offer in [&offer, &stranger] {
        let answer = h1::Connection::open(envoy.address(), certificates, offer)
            .and_then(|mut connection| connection.exchange(&request));
        assert!(answer.is_err(), "{answer:?}");
    }
    assert!(!handshake_with_tls_1_2(&site, &envoy));
    site.nothing_since(0);
    assert!(envoy.stat("ssl.fail_verify_no_cert") >= 1);
    assert!(envoy.stat("ssl.connection_error") >= 1);
    site.passes(&envoy, &request);
}

fn handshake_with_tls_1_2(site: &Site, envoy: &Envoy) -> bool {
    use openssl::ssl::{SslConnector, SslFiletype, SslMethod, SslVersion};
    let folder = site.certificates.folder();
    let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
    builder.set_ca_file(folder.join("gateway-ca.pem")).unwrap();
    builder
        .set_certificate_file(folder.join("partner-a.pem"), SslFiletype::PEM)
        .unwrap();
    builder
        .set_private_key_file(folder.join("partner-a.key"), SslFiletype::PEM)
        .unwrap();
    builder
        .set_max_proto_version(Some(SslVersion::TLS1_2))
        .unwrap();
    let socket = std::net::TcpStream::connect(envoy.address()).unwrap();
    builder.build().connect("localhost", socket).is_ok()
}

#[test]
fn the_key_exchange_is_hybrid_and_envoys_stats_say_so() {
    use rustls::crypto::aws_lc_rs::kx_group;
    let (site, keys, envoy) = plugin();
    let certificates = &site.certificates;
    let mut hybrid = envoy.connect(certificates, &certificates.partner_a);
    assert_eq!(hybrid.group(), "X25519MLKEM768");
    assert_eq!(
        hybrid
            .exchange(&Draft::shared(&keys).make())
            .unwrap()
            .status,
        200
    );
    let mut offer = Offer::of(&certificates.partner_a);
    offer.groups = vec![kx_group::X25519];
    let mut classic = h1::Connection::open(envoy.address(), certificates, &offer).unwrap();
    assert_eq!(classic.group(), "X25519");
    assert_eq!(
        classic
            .exchange(&Draft::shared(&keys).make())
            .unwrap()
            .status,
        200
    );
    offer.groups = vec![kx_group::SECP384R1];
    assert!(h1::Connection::open(envoy.address(), certificates, &offer).is_err());
    assert_eq!(
        envoy.stat("ssl.curves.X25519MLKEM768"),
        1,
        "{:?}",
        envoy.stats("ssl.")
    );
    assert_eq!(
        envoy.stat("ssl.curves.X25519"),
        2,
        "both names match: {:?}",
        envoy.stats("ssl.")
    );
    assert!(envoy.stat("ssl.versions.TLSv1.3") >= 2);
    assert!(envoy.stat("ssl.ciphers.TLS_AES_") >= 2);
}
