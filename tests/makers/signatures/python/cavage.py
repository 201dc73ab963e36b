import base64
import hashlib
from email.utils import formatdate
from urllib.parse import urlsplit

from httpsig.sign import HeaderSigner
from httpsig.verify import HeaderVerifier


def where(question):
    url = urlsplit(question["url"])
    path = url.path + (f"?{url.query}" if url.query else "")
    return {"host": url.netloc, "method": question["method"], "path": path}


def digest(question):
    value = hashlib.sha256(question["body"].encode()).digest()
    return "SHA-256=" + base64.b64encode(value).decode()


def sign(question):
    headers = dict(question["headers"])
    headers["date"] = formatdate(question["created"], usegmt=True)
    headers["digest"] = digest(question)
    names = ["(request-target)", "host", "date", "digest"]
    signer = HeaderSigner(question["keyId"], question["secret"], question["algorithm"], names)
    signed = signer.sign(headers, **where(question))
    return {name: signed[name] for name in ["date", "digest", "authorization"]}


def verify(question):
    headers = question["headers"]
    verifier = HeaderVerifier(
        headers,
        question["public"],
        required_headers=["(request-target)", "date", "digest"],
        **where(question),
    )
    # The package leaves the body to its caller.
    return verifier.verify() and headers["digest"] == digest(question)
