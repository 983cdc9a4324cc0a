"""Things that take time in AWS and none in moto: run a function after a wait of the context."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from typing import Any


def later(context: Any, kind: str, function: Callable[[], None]) -> None:
    def wait() -> None:
        begun = time.monotonic()
        # asked again, so that a test may hold what goes on and let it go (/_sandbox/waits)
        while (left := begun + context.seconds(kind) - time.monotonic()) > 0:
            if context.sleep(min(left, 0.2)):
                return
        if not context.stop.is_set():
            try:
                function()
            except Exception:
                traceback.print_exc()

    threading.Thread(target=wait, name=f"later {kind}", daemon=True).start()
