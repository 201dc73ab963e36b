"""Signs and verifies with PyPI packages; see ../README.md."""

import importlib.util
import json
import os
import pathlib
import re
import sys
import traceback

HERE = pathlib.Path(__file__).resolve().parent
# The packages, not the files of this folder, answer to their names.
sys.path[0] = os.environ["SEALGATE_PYTHON_PACKAGES"]
SCHEMES = {}


def scheme(name):
    if not re.fullmatch("[a-z0-9_]+", name):
        raise ValueError(f"no scheme is called {name}")
    if name not in SCHEMES:
        spec = importlib.util.spec_from_file_location(f"maker_{name}", HERE / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        SCHEMES[name] = module
    return SCHEMES[name]


def answer(question):
    module = scheme(question["scheme"])
    if question["do"] == "sign":
        return {"headers": module.sign(question)}
    try:
        return {"valid": module.verify(question) is True}
    except Exception:
        return {"valid": False, "why": traceback.format_exc()}


for line in sys.stdin:
    try:
        made = answer(json.loads(line))
    except Exception:
        made = {"error": traceback.format_exc()}
    print(json.dumps(made), flush=True)
