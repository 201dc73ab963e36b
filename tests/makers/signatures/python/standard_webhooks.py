from datetime import datetime, timezone

from standardwebhooks.webhooks import Webhook


def sign(question):
    time = datetime.fromtimestamp(question["created"], tz=timezone.utc)
    return {
        "webhook-id": question["id"],
        "webhook-timestamp": str(question["created"]),
        "webhook-signature": Webhook(question["secret"]).sign(question["id"], time, question["body"]),
    }


def verify(question):
    Webhook(question["secret"]).verify(question["body"], question["headers"], json_parse=False)
    return True
