//! The policy of the demo.

use serde_json::Value;

/// Names of the environment variables that carry its two secrets, here and in `envoy/`.
pub(crate) const MAC_VARIABLE: &str = "PARTNER_A_MAC";
pub(crate) const BRIDGE_TOKEN_VARIABLE: &str = "SEALGATE_BRIDGE_TOKEN";

/// The policy as YAML; `issuer` is the public key of the demo's identity provider.
pub(crate) fn yaml(issuer: &Value) -> String {
    format!(
        r#"version: 1
unmatched: refuse
bridge: {{ cluster: hsm-bridge, timeout_ms: 1000, token: {{ env: {BRIDGE_TOKEN_VARIABLE}, encoding: text }} }}
keys:
  - {{ id: partner-a-mac, use: mac, alg: HS256, material: {{ env: {MAC_VARIABLE} }} }}
  - {{ id: gw-ec, use: decrypt, alg: ECDH-ES+A256KW, material: {{ bridge: gw-ec }} }}
  - {{ id: idp-2026, use: verify, alg: ES256, material: {{ jwk: {issuer} }} }}
policies:
  payments:
    limits: {{ max_body_bytes: 1048576 }}
    channel:
      min_tls: "1.3"
      client_cert: {{ required: true, san: ["spiffe://bank/partner-a"] }}
    signature: {{ scheme: rfc9421, keys: [partner-a-mac], tolerance_seconds: 300 }}
    replay: {{ by: nonce, store: local }}
    token:
      from: {{ header: authorization, scheme: Bearer }}
      decrypt: [gw-ec]
      verify: [idp-2026]
      issuer: "https://idp"
      audience: [payments]
      claims_to_headers: {{ sub: x-sub, scope: x-scope }}
    payload: {{ format: jwe, keys: [gw-ec], content_type: application/json }}
    inspect: {{ classes: [sqli, xss], headers: [user-agent, referer] }}
routes:
  - {{ match: {{ path_prefix: /payments, methods: [POST] }}, policy: payments }}
  - {{ match: {{ path: /healthz }}, open: true }}
"#
    )
}
