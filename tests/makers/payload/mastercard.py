"""Seals and opens with Mastercard's own library, client_encryption of PyPI.

One JSON question a line on stdin, one JSON answer a line on stdout.
"""

import json
import os
import sys

sys.path.insert(0, os.environ["SEALGATE_PYTHON_PACKAGES"])

from client_encryption import field_level_encryption, jwe_encryption  # noqa: E402
from client_encryption.field_level_encryption_config import FieldLevelEncryptionConfig  # noqa: E402
from client_encryption.jwe_encryption_config import JweEncryptionConfig  # noqa: E402


def configuration(question):
    """The vendor's own configuration object, with the member names of docs/formats.md."""
    common = {
        "paths": {"$": {"toEncrypt": question.get("seal", {}), "toDecrypt": question.get("open", {})}},
        "encryptedValueFieldName": "encryptedValue",
    }
    if "certificate" in question:
        common["encryptionCertificate"] = question["certificate"]
    if "key" in question:
        common["decryptionKey"] = question["key"]
    if question["kind"] == "jwe":
        return JweEncryptionConfig(common)
    return FieldLevelEncryptionConfig(
        {
            **common,
            "oaepPaddingDigestAlgorithm": "SHA-256",
            "dataEncoding": question["text"],
            "encryptedKeyFieldName": "encryptedKey",
            "ivFieldName": "iv",
            "oaepPaddingDigestAlgorithmFieldName": "oaepHashingAlgorithm",
            "encryptionKeyFingerprintFieldName": "publicKeyFingerprint",
        }
    )


def answer(question):
    library = jwe_encryption if question["kind"] == "jwe" else field_level_encryption
    config = configuration(question)
    if question["do"] == "seal":
        return library.encrypt_payload(question["payload"], config)
    return library.decrypt_payload(question["payload"], config)


for line in sys.stdin:
    try:
        print(json.dumps({"made": answer(json.loads(line))}), flush=True)
    except Exception as error:  # whatever it is, the test has to see it
        print(json.dumps({"error": repr(error)}), flush=True)
