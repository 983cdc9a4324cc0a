"""The table of no_proxy that our own test reads (tests/unit/aws/test_proxy.c), held against
botocore: what the AWS CLI would do with each row.
"""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

import botocore.utils
import pytest

ROWS = json.loads((pathlib.Path(__file__).parent / "no_proxy.json").read_text())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["what"])
def test_access_12_botocore_agrees(row: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name, value in row["env"].items():
        monkeypatch.setenv(name, value)
    assert botocore.utils.should_bypass_proxies(row["url"]) == row["bypass"]
