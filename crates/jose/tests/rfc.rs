//! The worked examples of the RFCs, typed in from their text.

use sealgate_jose::jwe::{self, ContentEncryption, ContentEncryptionKey, KeyManagement};
use sealgate_jose::jwk::{OctJwk, PublicJwk};
use sealgate_jose::jws::{self, VerifyKey};
use sealgate_jose::jwt::{ClaimFault, Claims, Expected};
use sealgate_jose::{JoseError, Limits};

mod support;

const A1_PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
    cGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

#[test]
fn rfc_7515_a1_hs256() {
    let jwk = OctJwk::from_slice(
        br#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
    )
    .unwrap();
    let token = format!(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{A1_PAYLOAD}.\
         dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
    let key = VerifyKey::from_oct_jwk(&jwk).unwrap();
    let verified = jws::verify(token.as_bytes(), &key, &Limits::TOKEN).unwrap();
    assert_eq!(verified.header().typ.as_deref(), Some("JWT"));

    let claims = Claims::parse(verified.payload()).unwrap();
    let expected = Expected {
        issuer: Some("joe"),
        ..Expected::default()
    };
    assert_eq!(claims.check(&expected, 1_300_819_379), Ok(()));
    assert_eq!(
        claims.check(&expected, 1_300_819_380),
        Err(ClaimFault::Expired)
    );
    assert_eq!(
        claims.claim("http://example.com/is_root"),
        Some(&true.into())
    );
}

#[test]
fn rfc_7515_a3_es256() {
    let jwk = PublicJwk::from_slice(
        br#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
             "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    )
    .unwrap();
    let token = format!(
        "eyJhbGciOiJFUzI1NiJ9.{A1_PAYLOAD}.\
         DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    );
    let key = VerifyKey::from_jwk(&jwk).unwrap();
    assert!(jws::verify(token.as_bytes(), &key, &Limits::TOKEN).is_ok());
}

#[test]
fn rfc_8037_a3_a4_ed25519() {
    let jwk = PublicJwk::from_slice(
        br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    )
    .unwrap();
    assert_eq!(
        support::encode(&jwk.thumbprint()),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
    let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
        hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let key = VerifyKey::from_jwk(&jwk).unwrap();
    let verified = jws::verify(token.as_bytes(), &key, &Limits::TOKEN).unwrap();
    assert_eq!(verified.payload(), b"Example of Ed25519 signing");
}

#[test]
fn rfc_7516_a1_a256gcm_under_rsa_oaep() {
    let token = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.\
        OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGe\
        ipsEdY3mx_etLbbWSrFr05kLzcSr4qKAq7YN7e9jwQRb23nfa6c9d-StnImGyFDb\
        Sv04uVuxIp5Zms1gNxKKK2Da14B8S4rzVRltdYwam_lDp5XnZAYpQdb76FdIKLaV\
        mqgfwX7XWRxv2322i-vDxRfqNzo_tETKzpVLzfiwQyeyPGLBIO56YJ7eObdv0je8\
        1860ppamavo35UgoRdbYaBcoh9QcfylQr66oc6vFWXRcZ_ZT2LawVCWTIy3brGPi\
        6UklfCpIMfIjf7iGdXKHzg.\
        48V1_ALb6US04U3b.\
        5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6ji\
        SdiwkIr3ajwQzaBtQD_A.\
        XFBoMYUZodetZdvTiFvSkQ";
    let cek = [
        177, 161, 244, 128, 84, 143, 225, 115, 63, 180, 3, 255, 107, 154, 212, 246, 138, 7, 110,
        91, 112, 46, 34, 105, 47, 130, 203, 46, 122, 234, 64, 252,
    ];
    let cek = ContentEncryptionKey::from_slice(ContentEncryption::A256Gcm, &cek).unwrap();
    let compact = jwe::Sealed::compact(token.as_bytes(), &Limits::TOKEN).unwrap();
    assert_eq!(compact.header().alg, KeyManagement::RsaOaep);
    assert_eq!(compact.encrypted_key().len(), 256);
    assert_eq!(
        compact.open(&cek).unwrap(),
        b"The true sign of intelligence is not knowledge but imagination."
    );
}

#[test]
fn rfc_7519_6_1_unsecured_is_refused() {
    let token = format!("eyJhbGciOiJub25lIn0.{A1_PAYLOAD}.");
    let refused = jws::Signed::compact(token.as_bytes(), &Limits::TOKEN).unwrap_err();
    assert_eq!(refused.code(), "jose-unsupported-alg");
    assert!(matches!(refused, JoseError::Unsupported(_)));
}
