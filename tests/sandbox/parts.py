"""The list of parts that answer operations themselves. A part is imported for its registrations."""

from __future__ import annotations

from typing import Any


def load(sandbox: Any) -> None:
    from . import sts  # noqa: F401
