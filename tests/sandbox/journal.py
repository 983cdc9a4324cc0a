"""Every AWS call that arrived, with decoded parameters, so that tests can count and compare."""

from __future__ import annotations

import hashlib
import re
import threading
from typing import Any

MAX_ENTRIES = 200_000
MAX_TEXT = 70_000  # a template body inline (51,200 bytes) must stay whole

SECRET_NAME = re.compile(
    r"password|secretstring|secretbinary|authtoken|accesstoken|refreshtoken|clientsecret|"
    r"sessiontoken|tokencode|samlassertion|webidentitytoken",
    re.I,
)
SECRET_MEMBERS = {("ssm", "PutParameter"): {"Value"}}
PLAIN_NAMES = {"ManageMasterUserPassword", "forgetPassword"}


def masked(value: Any, secret: frozenset[str] | set[str] = frozenset()) -> Any:
    """A copy fit for JSON: secrets replaced, blobs named by length and digest, long texts cut."""
    if isinstance(value, dict):
        return {
            str(k): "***"
            if (k in secret or (SECRET_NAME.search(str(k)) and k not in PLAIN_NAMES))
            and not isinstance(v, (dict, list, bool))
            else masked(v, secret)
            for k, v in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [masked(v, secret) for v in value]
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return value[:MAX_TEXT] + f"…({len(value)} characters)"
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return str(value)


class Journal:
    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] = []
        self._seq = 0
        self._lock = threading.Lock()

    def add(self, entry: dict[str, Any]) -> None:
        secret = SECRET_MEMBERS.get((entry["service"], entry["operation"]), set())
        entry["params"] = masked(entry.get("params") or {}, secret)
        with self._lock:
            self._seq += 1
            self._entries.append({"seq": self._seq, **entry})
            if len(self._entries) > MAX_ENTRIES:
                del self._entries[: MAX_ENTRIES // 10]

    def read(
        self,
        *,
        service: str = "",
        operation: str = "",
        since: int = 0,
        internal: bool = False,
        limit: int = 0,
    ) -> list[dict[str, Any]]:
        with self._lock:
            entries = list(self._entries)
        wanted_services = {s for s in service.split(",") if s}
        wanted_operations = {o for o in operation.split(",") if o}
        found = [
            e
            for e in entries
            if e["seq"] > since
            and (internal or not e["internal"])
            and (not wanted_services or e["service"] in wanted_services)
            and (not wanted_operations or e["operation"] in wanted_operations)
        ]
        return found[-limit:] if limit else found

    def last(self) -> int:
        with self._lock:
            return self._seq

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
