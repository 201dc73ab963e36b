"""Reads a Grafana dashboard (JSON on standard input) into Grafana's own types, as the PyPI package
grafana-foundation-sdk carries them, and writes it again. Prints a JSON list of what was lost or became
something else on the way: what Grafana would not know."""

import json
import os
import sys

sys.path.insert(0, os.environ["SEALGATE_PYTHON_PACKAGES"])

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard


def losses(before, after, place):
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            yield from losses(value, after.get(name), f"{place}/{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, pair in enumerate(zip(before, after)):
            yield from losses(*pair, f"{place}/{number}")
    elif before != after:
        yield place


plugins.register_default_plugins()
dashboard = json.load(sys.stdin)
again = json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard)))
json.dump(list(losses(dashboard, again, "")), sys.stdout)
