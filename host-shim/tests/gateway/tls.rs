//! TLS 1.3 with X25519MLKEM768, client certificates, and what the guest learns of them.

use crate::support::{Got, Upstream, directory, gateway, runtime, send};
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use rcgen::{CertificateParams, DnType, Issuer, KeyPair, SanType};
use rustls::crypto::SupportedKxGroup;
use rustls::crypto::aws_lc_rs::{self, kx_group};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, NamedGroup, ProtocolVersion, RootCertStore};
use sealgate_host_shim::gateway::{ClientCerts, Gateway, TlsConfig};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// Certificates of one test.
struct Pki {
    ca_pem: PathBuf,
    server_pem: PathBuf,
    server_key: PathBuf,
    roots: RootCertStore,
    client: (CertificateDer<'static>, Vec<u8>),
    stranger: (CertificateDer<'static>, Vec<u8>),
}

impl Pki {
    fn make(name: &str) -> Self {
        let directory = directory(name);
        let authority = |name: &str| {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            params.distinguished_name.push(DnType::CommonName, name);
            let key = KeyPair::generate().unwrap();
            let certificate = params.self_signed(&key).unwrap();
            (certificate, Issuer::new(params, key))
        };
        let (ca, issuer) = authority("ca");
        let (_, other_issuer) = authority("other ca");
        let server_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, "gateway");
        let server = params.signed_by(&server_key, &issuer).unwrap();
        let client = |issuer: &Issuer<'_, KeyPair>| {
            let mut params = CertificateParams::new(vec!["partner.test".to_owned()]).unwrap();
            params.distinguished_name = rcgen::DistinguishedName::new();
            params
                .distinguished_name
                .push(DnType::OrganizationName, "Bank, Inc");
            params
                .distinguished_name
                .push(DnType::CommonName, "partner-a");
            let uri = "spiffe://bank/partner-a".try_into().unwrap();
            params.subject_alt_names.push(SanType::URI(uri));
            let key = KeyPair::generate().unwrap();
            let certificate = params.signed_by(&key, issuer).unwrap();
            (certificate.der().clone(), key.serialize_der())
        };
        let (client, stranger) = (client(&issuer), client(&other_issuer));
        let write = |name: &str, text: String| {
            let path = directory.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let mut roots = RootCertStore::empty();
        roots.add(ca.der().clone()).unwrap();
        Self {
            ca_pem: write("ca.pem", ca.pem()),
            server_pem: write("server.pem", server.pem()),
            server_key: write("server.key", server_key.serialize_pem()),
            roots,
            client,
            stranger,
        }
    }

    fn start(&self, guest: &str, upstream: &Upstream, rule: ClientCerts) -> Gateway {
        let tls = TlsConfig::from_pem_files(&self.server_pem, &self.server_key).unwrap();
        gateway(guest, upstream)
            .tls(tls.client_certs(rule).unwrap())
            .start()
            .unwrap()
    }

    fn connector(&self, options: &Options<'_>) -> TlsConnector {
        let mut provider = aws_lc_rs::default_provider();
        provider.kx_groups = options.groups.clone();
        let builder = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(self.roots.clone());
        let mut config = match options.certificate {
            Some((certificate, key)) => {
                let key = PrivateKeyDer::try_from(key.clone()).unwrap();
                builder
                    .with_client_auth_cert(vec![certificate.clone()], key)
                    .unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![options.alpn.to_vec()];
        TlsConnector::from(Arc::new(config))
    }
}

struct Options<'a> {
    groups: Vec<&'static dyn SupportedKxGroup>,
    certificate: Option<&'a (CertificateDer<'static>, Vec<u8>)>,
    alpn: &'a [u8],
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            groups: vec![kx_group::X25519MLKEM768, kx_group::X25519],
            certificate: None,
            alpn: b"http/1.1",
        }
    }
}

/// One request; `Err` when the handshake or the request fails. Also the group that was agreed.
fn ask(
    gateway: &Gateway,
    connector: &TlsConnector,
    command: &str,
) -> Result<(Got, NamedGroup, ProtocolVersion), std::io::Error> {
    runtime().block_on(async {
        let stream = tokio::net::TcpStream::connect(gateway.address()).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = connector.connect(name, stream).await?;
        // With TLS 1.3 the client finishes first; a refusal of its certificate comes afterwards.
        tokio::io::AsyncWriteExt::flush(&mut stream).await?;
        let session = stream.get_ref().1;
        let group = session.negotiated_key_exchange_group().unwrap().name();
        let version = session.protocol_version().unwrap();
        let http2 = session.alpn_protocol() == Some(b"h2");
        let request = Request::builder()
            .uri("https://localhost/tls")
            .header("host", "localhost")
            .header("x-do", command)
            .body(Empty::new().boxed())
            .unwrap();
        let sent = tokio::spawn(send(stream, http2, request)).await;
        let got = sent.map_err(|_| std::io::Error::other("the request failed"))?;
        Ok((got, group, version))
    })
}

fn text(got: &Got) -> String {
    String::from_utf8_lossy(&got.body).into_owned()
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn the_handshake_is_tls13_with_the_hybrid_group_over_h1_and_h2() {
    let (upstream, pki) = (Upstream::start(), Pki::make("hybrid"));
    let gateway = pki.start("probe", &upstream, ClientCerts::None);
    for alpn in [b"http/1.1".as_slice(), b"h2"] {
        let connector = pki.connector(&Options {
            alpn,
            ..Options::default()
        });
        let (got, group, version) = ask(&gateway, &connector, "").unwrap();
        assert_eq!(got.status, 200);
        assert_eq!(group, NamedGroup::X25519MLKEM768);
        assert_eq!(version, ProtocolVersion::TLSv1_3);
    }
    assert_eq!(upstream.seen().len(), 2);
}

/// The hybrid group is preferred, not demanded: TLS 1.3 takes the share that the client sent.
#[test]
fn a_client_without_the_hybrid_group_is_served_with_x25519() {
    let (upstream, pki) = (Upstream::start(), Pki::make("order"));
    let gateway = pki.start("empty", &upstream, ClientCerts::None);
    let groups = vec![kx_group::X25519];
    let connector = pki.connector(&Options {
        groups,
        ..Options::default()
    });
    let (_, group, _) = ask(&gateway, &connector, "").unwrap();
    assert_eq!(group, NamedGroup::X25519);
}

/// A TLS 1.2 hello, written by hand: the code for that version is not even compiled in.
#[test]
fn tls12_is_refused() {
    let (upstream, pki) = (Upstream::start(), Pki::make("tls12"));
    let gateway = pki.start("empty", &upstream, ClientCerts::None);
    let extensions: &[u8] = &[
        0, 10, 0, 4, 0, 2, 0, 29, // supported_groups: x25519
        0, 11, 0, 2, 1, 0, // ec_point_formats: uncompressed
        0, 13, 0, 4, 0, 2, 4, 3, // signature_algorithms: ecdsa_secp256r1_sha256
    ];
    let mut hello = vec![3, 3];
    hello.extend([7; 32]); // random
    hello.extend([0, 0, 2, 0xc0, 0x2b, 1, 0]); // no session, ECDHE_ECDSA_AES_128_GCM, no compression
    hello.extend((extensions.len() as u16).to_be_bytes());
    hello.extend(extensions);
    let mut record = vec![22, 3, 1];
    record.extend((hello.len() as u16 + 4).to_be_bytes());
    record.extend([1, 0]);
    record.extend((hello.len() as u16).to_be_bytes());
    record.extend(hello);
    let mut stream = std::net::TcpStream::connect(gateway.address()).unwrap();
    stream.write_all(&record).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    // A fatal alert, protocol_version.
    assert_eq!(answer.first(), Some(&21), "{answer:?}");
    assert_eq!(answer.get(5..7), Some([2, 70].as_slice()), "{answer:?}");
    assert_eq!(upstream.connections(), 0);
    crate::support::eventually(std::time::Duration::from_secs(5), "the counter", || {
        gateway
            .metrics_text()
            .contains("sealgate_gateway_handshakes_failed_total 1\n")
    });
}

#[test]
fn a_required_certificate_that_is_missing_or_strange_ends_the_handshake() {
    let (upstream, pki) = (Upstream::start(), Pki::make("required"));
    let rule = ClientCerts::Required {
        ca: pki.ca_pem.clone(),
    };
    let gateway = pki.start("probe", &upstream, rule);
    for certificate in [None, Some(&pki.stranger)] {
        let connector = pki.connector(&Options {
            certificate,
            ..Options::default()
        });
        assert!(ask(&gateway, &connector, "").is_err());
    }
    assert_eq!(upstream.connections(), 0);
    let connector = pki.connector(&Options {
        certificate: Some(&pki.client),
        ..Options::default()
    });
    assert_eq!(ask(&gateway, &connector, "").unwrap().0.status, 200);
}

#[test]
fn an_optional_certificate_shows_in_the_properties() {
    let (upstream, pki) = (Upstream::start(), Pki::make("optional"));
    let rule = ClientCerts::Optional {
        ca: pki.ca_pem.clone(),
    };
    let gateway = pki.start("probe", &upstream, rule);
    let without = pki.connector(&Options::default());
    let with = pki.connector(&Options {
        certificate: Some(&pki.client),
        ..Options::default()
    });
    let property = |connector: &TlsConnector, path: &str| {
        let got = ask(&gateway, connector, &format!("property:connection/{path}"))
            .unwrap()
            .0;
        text(&got)
    };
    assert_eq!(property(&without, "mtls"), "00");
    assert_eq!(property(&without, "uri_san_peer_certificate"), "absent");
    assert_eq!(property(&with, "mtls"), "01");
    assert_eq!(property(&with, "tls_version"), hex("TLSv1.3"));
    assert_eq!(
        property(&with, "uri_san_peer_certificate"),
        hex("spiffe://bank/partner-a")
    );
    assert_eq!(
        property(&with, "dns_san_peer_certificate"),
        hex("partner.test")
    );
    assert_eq!(property(&with, "requested_server_name"), hex("localhost"));
    let subject = property(&with, "subject_peer_certificate");
    assert_eq!(subject, hex("CN=partner-a,O=Bank\\, Inc"));
    let digest = hex(Sha256::digest(&pki.client.0));
    assert_eq!(
        property(&with, "sha256_peer_certificate_digest"),
        hex(digest)
    );
    assert_eq!(property(&with, "cipher"), "absent");
}
