"""PyPI `jwcrypto` and `joserfc`, one JSON question a line on stdin, one JSON answer a line on stdout."""

import base64
import json
import os
import sys

sys.path.insert(0, os.environ["SEALGATE_PYTHON_PACKAGES"])

from joserfc import jwe as rfc_jwe
from joserfc import jws as rfc_jws
from joserfc import jwk as rfc_jwk
from jwcrypto import jwe, jwk, jws


def unpadded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def padded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class JwCrypto:
    def seal(self, form, recipients, enc, plaintext, aad=None):
        several = form == "general"
        protected = {"enc": enc}
        if not several:
            protected |= {"alg": recipients[0]["alg"], "kid": recipients[0]["kid"]}
        token = jwe.JWE(padded(plaintext), json.dumps(protected), aad=padded(aad) if aad else None)
        for recipient in recipients:
            header = {"alg": recipient["alg"], "kid": recipient["kid"]} if several else None
            token.add_recipient(jwk.JWK(**recipient["jwk"]), json.dumps(header) if header else None)
        return token.serialize(compact=form == "compact")

    def open(self, recipients, text, form):
        token = jwe.JWE()
        token.deserialize(text, key=jwk.JWK(**recipients[0]["jwk"]))
        return unpadded(token.payload)

    def sign(self, alg, jwk, payload):
        token = jws.JWS(padded(payload))
        token.add_signature(self.key(jwk), alg, json.dumps({"alg": alg}))
        return token.serialize(compact=True)

    def verify(self, alg, jwk, text):
        token = jws.JWS()
        token.deserialize(text, key=self.key(jwk), alg=alg)
        return unpadded(token.payload)

    @staticmethod
    def key(members):
        return jwk.JWK(**members)


class JoseRfc:
    def seal(self, form, recipients, enc, plaintext, aad=None):
        algorithms = [recipient["alg"] for recipient in recipients] + [enc]
        first = recipients[0]
        if form == "compact":
            header = {"alg": first["alg"], "enc": enc, "kid": first["kid"]}
            return rfc_jwe.encrypt_compact(header, padded(plaintext), self.key(first["jwk"]), algorithms)
        if form == "flattened":
            protected = {"alg": first["alg"], "enc": enc}
            made = rfc_jwe.FlattenedJSONEncryption(protected, padded(plaintext), aad=padded(aad) if aad else None)
            made.add_recipient({"kid": first["kid"]}, self.key(first["jwk"]))
        else:
            made = rfc_jwe.GeneralJSONEncryption({"enc": enc}, padded(plaintext), aad=padded(aad) if aad else None)
            for recipient in recipients:
                header = {"alg": recipient["alg"], "kid": recipient["kid"]}
                made.add_recipient(header, self.key(recipient["jwk"]))
        return json.dumps(rfc_jwe.encrypt_json(made, None, algorithms))

    def open(self, recipients, text, form):
        key = self.key(recipients[0]["jwk"])
        algorithms = rfc_jwe.JWERegistry.algorithms
        names = list(algorithms["alg"]) + list(algorithms["enc"])
        if form == "compact":
            return unpadded(rfc_jwe.decrypt_compact(text, key, names).plaintext)
        if form == "general":
            # It opens a message as all of its recipients at once, each with its own key.
            keys = {recipient["kid"]: self.key(recipient["jwk"]) for recipient in recipients}
            key = lambda recipient: keys[recipient.headers()["kid"]]
        return unpadded(rfc_jwe.decrypt_json(json.loads(text), key, names).plaintext)

    def sign(self, alg, jwk, payload):
        return rfc_jws.serialize_compact({"alg": alg}, padded(payload), self.key(jwk), [alg])

    def verify(self, alg, jwk, text):
        return unpadded(rfc_jws.deserialize_compact(text, self.key(jwk), [alg]).payload)

    @staticmethod
    def key(members):
        return rfc_jwk.import_key(members)


PEERS = {"jwcrypto": JwCrypto(), "joserfc": JoseRfc()}

for line in sys.stdin:
    question = json.loads(line)
    try:
        verb = getattr(PEERS[question.pop("peer")], question.pop("do"))
        answer = {"made": verb(**question)}
    except Exception as error:  # the answer says what went wrong
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
