"""Things that take time in AWS and none in moto: run a function after a wait of the context."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from typing import Any


def later(context: Any, kind: str, function: Callable[[], None]) -> None:
    def wait() -> None:
        if not context.sleep(context.seconds(kind)):
            try:
                function()
            except Exception:
                traceback.print_exc()

    threading.Thread(target=wait, name=f"later {kind}", daemon=True).start()
