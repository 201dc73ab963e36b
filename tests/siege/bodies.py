"""Writes requests of ordinary clients, one JSON object a line, as `sealgate scan --requests` reads them.

    bodies.py faker COUNT          bodies of invented people, orders and messages in ten locales
    bodies.py folder FOLDER...     every example of a request or response in the JSON files below

Seeded: two runs write the same lines.
"""

import json
import pathlib
import random
import sys
import urllib.parse

LOCALES = ["en_US", "de_DE", "fr_FR", "es_ES", "it_IT", "pl_PL", "ru_RU", "ja_JP", "zh_CN", "ar_AA"]


def write(content_type, body, method="POST", target="/"):
    headers = [["content-type", content_type]]
    print(json.dumps({"method": method, "target": target, "headers": headers, "body": body}))


def invented(fake, chance):
    """One object with the fields of an ordinary API; which of them is left to chance."""
    person = lambda: {
        "name": fake.name(), "email": fake.email(), "phone": fake.phone_number(), "job": fake.job(),
        "address": fake.address(), "company": fake.company(), "birthday": fake.date(), "user": fake.user_name(),
    }
    order = lambda: {
        "id": fake.uuid4(), "total": str(fake.pydecimal(left_digits=4, right_digits=2)), "iban": fake.iban(),
        "placed": fake.iso8601(), "currency": fake.currency_code(), "card": fake.credit_card_number(),
        "lines": [{"sku": fake.bothify("??-####"), "title": fake.catch_phrase() if hasattr(fake, "catch_phrase") else fake.sentence(), "n": chance.randint(1, 9)} for _ in range(chance.randint(1, 4))],
    }
    message = lambda: {
        "subject": fake.sentence(), "text": "\n\n".join(fake.paragraphs(chance.randint(1, 5))), "from": fake.ascii_company_email(),
        "ip": fake.ipv4(), "agent": fake.user_agent(), "url": fake.uri(), "mac": fake.mac_address(),
    }
    profile = lambda: {
        "profile": {k: str(v) for k, v in fake.simple_profile().items()}, "password": fake.password(length=chance.randint(8, 24)),
        "colour": fake.color_name(), "file": fake.file_path(depth=3), "domain": fake.domain_name(), "sha": fake.sha256(),
    }
    return chance.choice([person, order, message, profile])()


def faker(count):
    from faker import Faker

    chance = random.Random(20261127)
    Faker.seed(20261127)
    fakes = [Faker(locale) for locale in LOCALES]
    for n in range(count):
        body = invented(fakes[n % len(fakes)], chance)
        if n % 5 == 4:
            flat = {k: v for k, v in body.items() if isinstance(v, str)}
            write("application/x-www-form-urlencoded", urllib.parse.urlencode(flat))
        else:
            write("application/json", json.dumps(body, ensure_ascii=n % 2 == 0))


def examples(document):
    """The examples of a file: of the shapes in use, else the document itself."""
    if isinstance(document, list) and document and all(isinstance(each, dict) for each in document):
        for each in document:
            yield from each["examples"] if isinstance(each.get("examples"), list) else [each]
    elif isinstance(document, dict) and isinstance(document.get("examples"), dict):
        for operation in document["examples"].values():
            for each in operation if isinstance(operation, list) else [operation]:
                yield from (each[half] for half in ("input", "output") if isinstance(each, dict) and half in each)
    else:
        yield document


def folders(names):
    for name in names:
        for file in sorted(pathlib.Path(name).rglob("*.json")):
            if file.name in ("package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json"):
                continue
            try:
                document = json.loads(file.read_text("utf-8"))
            except ValueError:
                continue
            for example in examples(document):
                write("application/json", json.dumps(example))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["faker", count]:
            faker(int(count))
        case ["folder", *names]:
            folders(names)
        case _:
            sys.exit(__doc__)
