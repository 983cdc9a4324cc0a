"""Structural comparison of two answers, and how ours is brought to the reference's terms.

Answers are trees of JSON. Texts of ours keep what is only settled when a project is deployed (`$$`,
a config part `${NAME}`); the reference has a dollar and nothing there, so ours is settled first. A
number is equal to a number whatever its notation, a boolean only to a boolean. `digest` is for
recorded answers: equal trees have equal digests.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator

DOLLAR = re.compile(r"\$\$|\$\{([^}]*)\}")


def settle(text: str) -> str:
    """A text of ours: `$$` is a dollar, `${NAME}` a config part, which is empty for
    the reference.
    """
    return DOLLAR.sub(lambda m: "$" if m.group() == "$$" else "", text) if "$" in text else text


def ours(value):
    if isinstance(value, str):
        return settle(value)
    if isinstance(value, list):
        return [ours(item) for item in value]
    if isinstance(value, dict):
        return {key: ours(item) for key, item in value.items()}
    return value


def same_scalar(a, b) -> bool:
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b
    return type(a) is type(b) and a == b


def differences(a, b, path: str = "") -> Iterator[str]:
    """a is ours, b the reference's."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(set(a) | set(b)):
            where = f"{path}.{key}" if path else key
            if key not in a:
                yield f"{where}: absent here, the reference has {json.dumps(b[key])}"
            elif key not in b:
                yield f"{where}: {json.dumps(a[key])} here, absent in the reference"
            else:
                yield from differences(a[key], b[key], where)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (left, right) in enumerate(zip(a, b, strict=True)):
            yield from differences(left, right, f"{path}[{i}]")
    elif isinstance(a, (dict, list)) or isinstance(b, (dict, list)) or not same_scalar(a, b):
        yield f"{path}: {json.dumps(a)} here, {json.dumps(b)} in the reference"


def plain(value):
    """Numbers in one notation, so that equal answers have equal digests."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def digest(value) -> str:
    text = json.dumps(plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def digests(value, tree, used, wanted) -> str:
    """Of all forms of an answer, on the terms of `wanted`."""
    used = {} if wanted.uses_more(tree) else used
    return digest(wanted.mend_json(value)) + digest(wanted.mend_tree(tree)) + digest(used)
