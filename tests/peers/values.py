"""Compares extraction with Python's own parsers: no value that one of them sees may be missing in ours.

    values.py FIELDS COUNT      FIELDS is the built example `fields` of sealgate-scan

JSON (json), XML (xml.etree over expat), forms (urllib.parse) and multipart bodies (email) are made at
random and then broken at random, seeded. A body that we refuse is none that an upstream sees.
"""

import email.parser
import email.policy
import json
import random
import struct
import subprocess
import sys
import urllib.parse
import xml.etree.ElementTree as tree

CHANCE = random.Random(20261127)
TEXTS = ["", "a", "O'Brien", "<b>", "1' or '1'='1", "é€😀", "a&b=c", "line\r\nbreak", "\\u0041", "]]>", "--b", " ", "null", "{\"a\":1}", "%41+"]
MARKS = list("{}[]\",:\\ \t\n\r<>/&;='?!-+%x0") + ["\\u0000", "\\ud800", "//", "/*", "<!--", "]]>", "--b", "\r\n", "\ufeff"]


def text():
    return "".join(CHANCE.choice(TEXTS) for _ in range(CHANCE.randint(1, 3)))


def value(depth=0):
    kind = CHANCE.randint(0, 7 if depth < 4 else 4)
    if kind <= 2:
        return text()
    if kind == 3:
        return CHANCE.choice([0, -1, 1.5, 1e300, 10**30, True, False, None])
    if kind == 4:
        return CHANCE.randint(-999, 999)
    if kind == 5:
        return [value(depth + 1) for _ in range(CHANCE.randint(0, 4))]
    return {text() + str(n): value(depth + 1) for n in range(CHANCE.randint(0, 4))}


def broken(body):
    """The body with up to two pieces put in, taken out or doubled; every third stays as it is."""
    for _ in range(CHANCE.randint(0, 2)):
        at, to = sorted(CHANCE.randint(0, len(body)) for _ in range(2))
        match CHANCE.randint(0, 2):
            case 0:
                body = body[:at] + CHANCE.choice(MARKS) + body[at:]
            case 1:
                body = body[:at] + body[min(at + 2, to):]
            case _:
                body = body[:to] + body[at:]
    return body


def json_body():
    return "application/json", broken(json.dumps(value(), ensure_ascii=CHANCE.random() < 0.5, indent=CHANCE.choice([None, 1])))


def json_values(body):
    """Names and strings that Python sees; of a repeated name all values."""
    seen = []

    def walk(node):
        if isinstance(node, tuple):
            for name, inner in node:
                seen.append(name)
                walk(inner)
        elif isinstance(node, list):
            for inner in node:
                walk(inner)
        elif isinstance(node, str):
            seen.append(node)

    walk(json.loads(body, object_pairs_hook=tuple))
    return seen


def escape(raw):
    return raw.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;").replace("]]>", "]]&gt;")


def xml_body(depth=0):
    def element(depth):
        name = CHANCE.choice(["a", "b:c", "d-e"])
        attributes = "".join(f' k{n}="{escape(text())}"' for n in range(CHANCE.randint(0, 2)))
        inside = "".join(
            CHANCE.choice([lambda: escape(text()), lambda: "<![CDATA[" + text().replace("]]>", "") + "]]>", lambda: "<!-- c -->", lambda: element(depth + 1) if depth < 3 else ""])()
            for _ in range(CHANCE.randint(0, 3))
        )
        return f"<{name}{attributes}>{inside}</{name}>"

    return "application/xml", broken(f'<r xmlns:b="urn:b">{element(0)}</r>')


def xml_values(body):
    """Attribute values, and the text of each element, white space around it apart."""
    seen = []
    for node in tree.fromstring(body).iter():
        seen += [each.strip() for each in node.attrib.values()]
        seen += [each.strip() for each in (node.text, node.tail) if each and each.strip()]
    return seen


def form_body():
    pairs = [(text(), text()) for _ in range(CHANCE.randint(1, 4))]
    return "application/x-www-form-urlencoded", broken(urllib.parse.urlencode(pairs))


def form_values(body):
    return [each for pair in urllib.parse.parse_qsl(body, keep_blank_values=True) for each in pair]


def parts_body():
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="n{n}"\r\n\r\n{text()}\r\n' for n in range(CHANCE.randint(1, 3))
    )
    return "multipart/form-data; boundary=b", broken(parts + "--b--\r\n")


def parts_values(body):
    head = b"MIME-Version: 1.0\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n"
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body.encode("utf-8", "surrogatepass"))
    if not message.is_multipart():
        return []
    raw = [part.get_payload(decode=True) or b"" for part in message.iter_parts()]
    return [each.decode("utf-8", "replace") for each in raw]


KINDS = [(json_body, json_values), (xml_body, xml_values), (form_body, form_values), (parts_body, parts_values)]


def record(stream, data):
    stream.write(struct.pack("<I", len(data)) + data)


def plain(seen):
    """What is compared: line ends and white space at the edges are the parsers' own affair."""
    return " ".join(seen.replace("\x00", " ").split())


def main():
    fields, count = sys.argv[1], int(sys.argv[2])
    ours = subprocess.Popen([fields], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    read = refused = missing = 0
    for n in range(count):
        make, values = KINDS[n % len(KINDS)]
        kind, body = make()
        data = body.encode("utf-8", "surrogatepass")
        record(ours.stdin, kind.encode())
        record(ours.stdin, data)
        ours.stdin.flush()
        seen = json.loads(ours.stdout.readline())
        if seen is None:
            refused += 1
            continue
        try:
            wanted = values(body)
        except (ValueError, RecursionError, tree.ParseError):
            continue
        read += 1
        # A mark in front, and halves of surrogates, are read as the replacement character.
        had = " ".join(plain(each) for each in seen)
        lost = [each for each in wanted if plain(each) not in had and not any(0xD800 <= ord(c) <= 0xDFFF for c in each)]
        if lost:
            missing += 1
            if missing <= 20:
                print(f"{kind}: {body!r}\n    lost: {lost!r}\n    ours: {seen!r}")
    ours.stdin.close()
    print(f"{count} bodies: {read} read by both, {refused} refused by us, {missing} where we see less")
    return 1 if missing or read < count // 8 else 0


if __name__ == "__main__":
    sys.exit(main())
