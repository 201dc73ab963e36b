"""`secret`, `publicKey`, `algorithm` and `cover` as in ../node/rfc9421.mjs."""

import base64
import hashlib
from datetime import datetime, timedelta, timezone

from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)

KNOWN = {
    "hmac-sha256": algorithms.HMAC_SHA256,
    "ed25519": algorithms.ED25519,
    "ecdsa-p256-sha256": algorithms.ECDSA_P256_SHA256,
    "ecdsa-p384-sha384": algorithms.ECDSA_P384_SHA384,
    "rsa-pss-sha512": algorithms.RSA_PSS_SHA512,
    "rsa-v1_5-sha256": algorithms.RSA_V1_5_SHA256,
}


class Request:
    def __init__(self, question, headers):
        self.method = question["method"]
        self.url = question["url"]
        self.headers = headers
        self.body = question["body"].encode()


class Keys(HTTPSignatureKeyResolver):
    def __init__(self, question):
        self.question = question

    def resolve_private_key(self, key_id):
        if self.question["algorithm"].startswith("hmac"):
            return base64.b64decode(self.question["secret"])
        return load_pem_private_key(self.question["secret"].encode(), None)

    def resolve_public_key(self, key_id):
        if self.question["algorithm"].startswith("hmac"):
            return base64.b64decode(self.question["secret"])
        return load_pem_public_key(self.question["publicKey"].encode())


def digest(name, body):
    value = hashlib.new(name.replace("-", ""), body.encode()).digest()
    return f"{name}=:{base64.b64encode(value).decode()}:"


def sign(question):
    created = datetime.fromtimestamp(question["created"], timezone.utc)
    added = {"Content-Digest": digest("sha-256", question["body"])}
    request = Request(question, {**question["headers"], **added})
    signer = HTTPMessageSigner(
        signature_algorithm=KNOWN[question["algorithm"]], key_resolver=Keys(question)
    )
    signer.sign(
        request,
        key_id=question["keyId"],
        created=created,
        expires=created + timedelta(seconds=60),
        nonce=question["id"],
        label="theirs",
        tag="oracle",
        covered_component_ids=tuple(question["cover"]),
        use_existing_digest=True,
    )
    return {
        "content-digest": added["Content-Digest"],
        "signature-input": request.headers["Signature-Input"],
        "signature": request.headers["Signature"],
    }


def verify(question):
    headers = {name.title(): value for name, value in question["headers"].items()}
    digests = [digest(name, question["body"]) for name in ("sha-256", "sha-512")]
    if headers["Content-Digest"] not in digests:
        return False
    verifier = HTTPMessageVerifier(
        signature_algorithm=KNOWN[question["algorithm"]], key_resolver=Keys(question)
    )
    request = Request(question, headers)
    return len(verifier.verify(request, max_age=timedelta(minutes=5), expect_tag="oracle")) == 1
