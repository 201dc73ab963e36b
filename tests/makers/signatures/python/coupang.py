# A client of the API that others use; it signs at the time it has, and verifies nothing.
from types import SimpleNamespace
from urllib.parse import urlsplit

from pycoupang.client import CoupangClient


def sign(question):
    url = urlsplit(question["url"])
    client = SimpleNamespace(access_key=question["keyId"], secret_key=question["secret"])
    made = CoupangClient._generate_signature(client, question["method"], url.path, url.query)
    return {"authorization": made}
