# `url` is what Twilio calls; `parameters` are those of a form, or null for another body;
# `keyId` is that of a SharedKey, or null.
from twilio.request_validator import (
    HMAC_SHA256,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)

SETTINGS = SIGNATURE_SETTINGS_HEADER.lower()


def sign(question):
    settings = {}
    if question["keyId"]:
        settings[SETTINGS] = f"key={question['keyId']},algorithm={HMAC_SHA256}"
    signature = RequestValidator(question["secret"]).compute_signature(
        question["url"],
        question["parameters"],
        get_signature_algorithm(settings.get(SETTINGS)),
    )
    return {"x-twilio-signature": signature, **settings}


def verify(question):
    content = question["parameters"]
    return RequestValidator(question["secret"]).validate(
        question["url"],
        question["body"] if content is None else content,
        question["headers"]["x-twilio-signature"],
        get_signature_algorithm(question["headers"].get(SETTINGS)),
    )
