from slack_sdk.signature import SignatureVerifier


def sign(question):
    stamp = str(question["created"])
    verifier = SignatureVerifier(question["secret"])
    return {
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": verifier.generate_signature(timestamp=stamp, body=question["body"]),
    }


def verify(question):
    verifier = SignatureVerifier(question["secret"])
    return verifier.is_valid_request(question["body"], question["headers"])
