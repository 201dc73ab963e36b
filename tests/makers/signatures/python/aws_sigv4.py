import hashlib
import re
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

AUTHS = {
    ("execute-api", False): SigV4Auth,
    ("execute-api", True): SigV4QueryAuth,
    ("s3", False): S3SigV4Auth,
    ("s3", True): S3SigV4QueryAuth,
}


def auth(question, presigned=False):
    made = AUTHS[question["service"], presigned]
    credentials = Credentials(question["keyId"], question["secret"], question.get("token"))
    return made(credentials, question["service"], question["region"])


def request(question, headers):
    body = question["body"].encode()
    return AWSRequest(question["method"], question["url"], headers=headers, data=body)


def sign(question):
    """The fields to add, or `url` where the signature goes into the query."""
    made = request(question, question["headers"])
    presigned = question.get("presigned", False)
    auth(question, presigned).add_auth(made)
    if presigned:
        return {"url": made.url}
    own = set(question["headers"])
    return {n.lower(): v for n, v in made.headers.items() if n.lower() not in own}


def verify(question):
    headers = question["headers"]
    pattern = r"SignedHeaders=([^,]+), Signature=([0-9a-f]+)"
    names, signature = re.search(pattern, headers["authorization"]).groups()
    names = [name for name in names.split(";") if name != "host"]
    made = request(question, {name: headers[name] for name in names})
    made.context["timestamp"] = headers["x-amz-date"]
    signer = auth(question)
    text = signer.string_to_sign(made, signer.canonical_request(made))
    body = hashlib.sha256(question["body"].encode()).hexdigest()
    return signer.signature(text, made) == signature and headers["x-amz-content-sha256"] == body
