from urllib.parse import parse_qsl, urlsplit

from aliyun_api_gateway import ApiGatewayRequest
from aliyun_api_gateway.signing import (
    build_string_to_sign,
    canonicalize_resource,
    content_md5,
    sign_request,
    sign_string,
)

FORM = "application/x-www-form-urlencoded"


def form(question):
    is_form = question["headers"].get("content-type") == FORM
    return parse_qsl(question["body"], keep_blank_values=True) if is_form else None


def sign(question):
    url = urlsplit(question["url"])
    pairs = form(question)
    body = {"form": pairs} if pairs is not None else {"body": question["body"]}
    signed = sign_request(
        request=ApiGatewayRequest(
            question["method"],
            f"{url.path}?{url.query}" if url.query else url.path,
            headers=question["headers"],
            **body,
        ),
        base_url=f"{url.scheme}://{url.netloc}",
        app_key=question["keyId"],
        app_secret=question["secret"],
        signature_method=question["algorithm"],
        timestamp=str(question["created"] * 1000),
        nonce=question["id"],
    )
    own = set(question["headers"])
    return {n.lower(): v for n, v in signed.headers.items() if n.lower() not in own}


def verify(question):
    url = urlsplit(question["url"])
    headers = question["headers"]
    query = parse_qsl(url.query, keep_blank_values=True)
    resource = canonicalize_resource(url.path, query, form(question) or ())
    names = headers["x-ca-signature-headers"].split(",")
    text = build_string_to_sign(question["method"], headers, resource, names)
    mac = sign_string(text, question["secret"], headers["x-ca-signature-method"])
    if mac != headers["x-ca-signature"]:
        return False
    return form(question) is not None or headers["content-md5"] == content_md5(
        question["body"].encode()
    )
