"""The engine events that `pulumi --json` prints, one JSON object a line, as the product reads them.

They carry a sequence number and a time. Messages have Pulumi's own colour marks, and the metadata
of a resource is padded: a real event of a task definition is long, and a reader must not count on
less.
"""

from __future__ import annotations

import json
import time
from typing import Any

from sandbox.pulumi.cli import Backend


class Events:
    def __init__(self, backend: Backend, types: dict[str, str]) -> None:
        self.backend, self.types, self.sequence, self.changes = backend, types, 0, {}
        self.failed: str | None = None

    def urn(self, name: str) -> str:
        return (
            f"urn:pulumi:{self.backend.stack}::{self.backend.project}::"
            f"{self.types.get(name, 'aws:unknown:Unknown')}::{name}"
        )

    def emit(self, body: dict[str, Any]) -> None:
        print(
            json.dumps(
                {"sequence": self.sequence, "timestamp": int(time.time()), **body},
                separators=(",", ":"),
            ),
            flush=True,
        )
        self.sequence += 1

    def resource(self, kind: str, name: str, operation: str, **more: Any) -> None:
        metadata = {
            "op": operation,
            "urn": self.urn(name),
            "type": self.types.get(name, "aws:unknown:Unknown"),
            "old": None,
            "new": {"inputs": {"padding": "x" * 9000}},
        }
        self.emit({kind: {"metadata": metadata, **more}})
        if kind == "resOutputsEvent" and operation != "same":
            self.changes[operation] = self.changes.get(operation, 0) + 1

    def say(self, text: str, severity: str, name: str = "") -> None:
        self.emit(
            {
                "diagnosticEvent": {
                    "urn": self.urn(name) if name else "",
                    "prefix": "",
                    "message": f"<{{%reset%}}>{text}<{{%reset%}}>\n",
                    "color": "never",
                    "severity": severity,
                }
            }
        )

    def error(self, text: str, name: str = "") -> None:
        self.failed = self.failed or text
        self.say(text, "error", name)

    def summary(self, begun: float) -> None:
        self.emit(
            {
                "summaryEvent": {
                    "maybeCorrupt": False,
                    "durationSeconds": int(time.time() - begun),
                    "resourceChanges": self.changes,
                    "policyPacks": {},
                }
            }
        )
