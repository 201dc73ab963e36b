"""PyPI `cryptography`, whose HPKE is OpenSSL's: one JSON question a line on stdin, one JSON answer a line on
stdout. It has no associated data, so it speaks for key encryption (`HPKE-n-KE`)."""

import base64
import json
import os
import sys

sys.path.insert(0, os.environ["SEALGATE_PYTHON_PACKAGES"])

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SUITES = {
    0: (hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM),
    1: (hpke.KEM.P384, hpke.KDF.HKDF_SHA384, hpke.AEAD.AES_256_GCM),
    2: (hpke.KEM.P521, hpke.KDF.HKDF_SHA512, hpke.AEAD.AES_256_GCM),
    3: (hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM),
    4: (hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305),
    7: (hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM),
}
for first, kem in [
    (10, hpke.KEM.MLKEM768_X25519),
    (12, hpke.KEM.MLKEM1024_P384),
    (14, hpke.KEM.MLKEM768),
    (16, hpke.KEM.MLKEM1024),
]:
    SUITES[first] = (kem, hpke.KDF.SHAKE256, hpke.AEAD.AES_256_GCM)
    SUITES[first + 1] = (kem, hpke.KDF.SHAKE256, hpke.AEAD.CHACHA20_POLY1305)

CURVES = {0: ec.SECP256R1, 1: ec.SECP384R1, 2: ec.SECP521R1, 7: ec.SECP256R1}


def unpadded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def padded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key):
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def make(number):
    """A private key, and the bytes of its public half as the suite writes them."""
    if number in CURVES:
        key = ec.generate_private_key(CURVES[number]())
        return key, point(key.public_key())
    if number in (3, 4):
        key = x25519.X25519PrivateKey.generate()
        return key, key.public_key().public_bytes_raw()
    kind = mlkem.MLKEM768PrivateKey if number in (10, 11, 14, 15) else mlkem.MLKEM1024PrivateKey
    key = kind.generate()
    public = key.public_key().public_bytes_raw()
    if number in (10, 11):
        other = x25519.X25519PrivateKey.generate()
        both = hpke.MLKEM768X25519PrivateKey(key, other)
        return both, public + other.public_key().public_bytes_raw()
    if number in (12, 13):
        other = ec.generate_private_key(ec.SECP384R1())
        both = hpke.MLKEM1024P384PrivateKey(key, other)
        return both, public + point(other.public_key())
    return key, public


def public(number, data):
    if number in CURVES:
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVES[number](), data)
    if number in (3, 4):
        return x25519.X25519PublicKey.from_public_bytes(data)
    if number in (14, 15):
        return mlkem.MLKEM768PublicKey.from_public_bytes(data)
    if number in (16, 17):
        return mlkem.MLKEM1024PublicKey.from_public_bytes(data)
    if number in (10, 11):
        first = mlkem.MLKEM768PublicKey.from_public_bytes(data[:1184])
        return hpke.MLKEM768X25519PublicKey(first, x25519.X25519PublicKey.from_public_bytes(data[1184:]))
    first = mlkem.MLKEM1024PublicKey.from_public_bytes(data[:1568])
    second = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), data[1568:])
    return hpke.MLKEM1024P384PublicKey(first, second)


made = {}
for line in sys.stdin:
    question = json.loads(line)
    number = question["suite"]
    try:
        suite = hpke.Suite(*SUITES[number])
        if question["do"] == "make":
            made[number], data = make(number)
        elif question["do"] == "seal":
            key = public(number, padded(question["public"]))
            data = suite.encrypt(padded(question["plaintext"]), key, padded(question["info"]))
        else:
            data = suite.decrypt(padded(question["sealed"]), made[number], padded(question["info"]))
        answer = {"made": unpadded(data)}
    except Exception as fault:
        answer = {"error": repr(fault)}
    print(json.dumps(answer), flush=True)
