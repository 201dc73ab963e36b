"""The examples of RFC 7515, 7516, 7517, 7520, 8037 and 9964 that PyPI `jwcrypto` carries in its tests, as
one JSON document on stdout. Nothing of them is copied here: the package is read where it is installed."""

import base64
import importlib.util
import json
import os
import sys

PACKAGES = os.environ["SEALGATE_PYTHON_PACKAGES"]
sys.path.insert(0, PACKAGES)


def module(name):
    path = os.path.join(PACKAGES, "jwcrypto", name + ".py")
    spec = importlib.util.spec_from_file_location(name.replace("-", "_"), path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def unpadded(data):
    if isinstance(data, str):
        data = data.encode()
    return base64.urlsafe_b64encode(bytes(data)).rstrip(b"=").decode()


def text(form):
    return form if isinstance(form, str) else json.dumps(form)


def jwe(name, keys, plaintext, forms):
    return {
        "name": name,
        "keys": keys,
        "plaintext": unpadded(plaintext),
        "forms": [text(form) for form in forms],
    }


def cookbook():
    book = module("tests-cookbook")
    member = lambda name: getattr(book, name)
    signed, sealed = [], []
    for section, key in [
        ("4_1", "RSA_Public_Key_3_3"),
        ("4_2", "RSA_Public_Key_3_3"),
        ("4_3", "EC_Public_Key_3_1"),
        ("4_4", "Symmetric_Key_MAC_3_5"),
        ("4_6", "Symmetric_Key_MAC_3_5"),
        ("4_7", "Symmetric_Key_MAC_3_5"),
        ("4_8", "RSA_Public_Key_3_3"),
    ]:
        last = "5" if section == "4_8" else "3"
        forms = [f"JWS_{form}_{section}_{last}" for form in ["compact", "general", "flattened"]]
        signed.append(
            {
                "name": f"RFC 7520 section {section.replace('_', '.')}",
                "key": member(key),
                "payload": book.Payload_plaintext_b64_4,
                "forms": [text(member(form)) for form in forms if hasattr(book, form)],
            }
        )
    for section, key in [
        ("5_1", "RSA_key_5_1_1"),
        ("5_2", "RSA_key_5_2_1"),
        ("5_3", None),
        ("5_4", "EC_key_5_4_1"),
        ("5_5", "EC_key_5_5_1"),
        ("5_6", "AES_key_5_6_1"),
        ("5_7", "AES_key_5_7_1"),
        ("5_8", "AES_key_5_8_1"),
        ("5_9", "AES_key_5_8_1"),
        ("5_10", "AES_key_5_8_1"),
        ("5_11", "AES_key_5_8_1"),
        ("5_12", "AES_key_5_8_1"),
    ]:
        last = "4" if section == "5_6" else "5"
        forms = [f"JWE_{form}_{section}_{last}" for form in ["compact", "general", "flattened"]]
        plaintext = book.Payload_plaintext_5_3_1 if section == "5_3" else book.Payload_plaintext_5
        sealed.append(
            jwe(
                f"RFC 7520 section {section.replace('_', '.')}",
                [member(key)] if key else [],
                plaintext,
                [member(form) for form in forms if hasattr(book, form)],
            )
        )
    return signed, sealed


def standards():
    book = module("tests")
    signed, sealed = [], []
    for name in ["A1", "A2", "A3", "A4", "A5"]:
        example = getattr(book, name + "_example")
        parts = [bytes(bytearray(example[part])) if not isinstance(example[part], str) else example[part].encode()
                 for part in ["payload", "signature"]]
        protected = example["protected"]
        if not isinstance(protected, str):
            protected = bytes(bytearray(protected)).decode()
        header = unpadded(protected)
        signed.append(
            {
                "name": f"RFC 7515 appendix A.{name[1]}",
                "key": example["key"] if isinstance(example["key"], dict) else {},
                "payload": unpadded(parts[0]),
                "forms": [".".join([header, unpadded(parts[0]), unpadded(parts[1])])],
            }
        )
    for name, form in [("A6", book.A6_serialized), ("A7", book.A7_example)]:
        signed.append(
            {
                "name": f"RFC 7515 appendix A.{name[1]}",
                "key": book.A3_key,
                "payload": unpadded(bytearray(book.A2_payload)),
                "forms": [form],
            }
        )
    signed.append(
        {"name": "RFC 7515 appendix E", "key": book.A3_key, "payload": "RkFJTA", "forms": [book.E_negative]}
    )
    eddsa = book.E_Ed25519
    public = book.PublicKeys_EdDsa["keys"][0]
    signed.append(
        {
            "name": "RFC 8037 appendix A.4",
            "key": public,
            "payload": unpadded(eddsa["payload"]),
            "forms": [eddsa["jws_serialization_compact"]],
        }
    )
    for name, key, plaintext, form in [
        ("A.1", book.E_A1_key, bytes(bytearray(book.E_A1_plaintext)), book.E_A1_vector),
        ("A.2", book.E_A2_key, book.E_A2_plaintext, book.E_A2_vector),
        ("A.3", book.E_A3_key, book.E_A3_plaintext, book.E_A3_vector),
        ("A.4", book.E_A3_key, book.E_A3_plaintext, book.E_A4_vector),
        ("A.5", book.E_A3_key, book.E_A3_plaintext, book.E_A5_ex),
    ]:
        sealed.append(jwe(f"RFC 7516 appendix {name}", [key], plaintext, [form]))
    keys = {
        "public": book.PublicKeys["keys"] + book.PublicKeys_EdDsa["keys"],
        "thumbprints": book.PublicKeys["thumbprints"] + book.PublicKeys_EdDsa["thumbprints"],
        "private": [key for key in book.PrivateKeys["keys"] if key["kty"] == "EC"],
        "symmetric": book.SymmetricKeys["keys"],
    }
    return signed, sealed, keys


def main():
    signed, sealed = cookbook()
    more_signed, more_sealed, keys = standards()
    print(json.dumps({"signed": more_signed + signed, "sealed": more_sealed + sealed, "keys": keys}))


main()
