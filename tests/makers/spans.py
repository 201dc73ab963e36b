"""Reads a file of spans (its path as JSON on standard input) as a collector does: each line one
ExportTraceServiceRequest of OTLP, by the types of the PyPI package opentelemetry-proto, which know no
member that OTLP does not know. Prints the spans as a JSON list."""

import base64
import json
import os
import sys

sys.path.insert(0, os.environ["SEALGATE_PYTHON_PACKAGES"])

from google.protobuf.json_format import MessageToDict, ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

IDS = {"traceId", "spanId", "parentSpanId"}


def ids(value, change):
    """OTLP writes ids in hexadecimal where the JSON of protobuf has base64."""
    if isinstance(value, list):
        return [ids(item, change) for item in value]
    if isinstance(value, dict):
        return {name: change(item) if name in IDS else ids(item, change) for name, item in value.items()}
    return value


def to_base64(text):
    return base64.b64encode(bytes.fromhex(text)).decode()


def to_hex(text):
    return base64.b64decode(text).hex()


spans = []
for line in open(json.load(sys.stdin), encoding="utf-8"):
    message = ParseDict(ids(json.loads(line), to_base64), ExportTraceServiceRequest())
    for resource in message.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                read = ids(MessageToDict(span), to_hex)
                read["resource"] = MessageToDict(resource.resource)
                spans.append(read)
json.dump(spans, sys.stdout)
