# NAVER's own SDK. It sends the text as version 1; the services' pages sign the same one for version 2.
from types import SimpleNamespace
from urllib.parse import urlsplit

from ncloud_server.api_client import ApiClient


def signature(question, stamp):
    url = urlsplit(question["url"])
    members = [tuple(member.split("=", 1)) for member in url.query.split("&") if member]
    client = SimpleNamespace(
        configuration=SimpleNamespace(
            # The SDK takes what follows the host's slash as the start of every path.
            host=f"{url.scheme}://{url.netloc}{url.path.rsplit('/', 1)[0]}",
            access_key=question["keyId"],
            secret_key=question["secret"],
        )
    )
    last = "/" + url.path.rsplit("/", 1)[1]
    return ApiClient.make_signature(client, question["method"], last, members, stamp).decode()


def sign(question):
    stamp = f"{question['created']}042"
    return {
        "x-ncp-apigw-timestamp": stamp,
        "x-ncp-iam-access-key": question["keyId"],
        "x-ncp-apigw-signature-v2": signature(question, stamp),
    }


def verify(question):
    headers = question["headers"]
    expected = signature(question, headers["x-ncp-apigw-timestamp"])
    return headers["x-ncp-apigw-signature-v2"] == expected
