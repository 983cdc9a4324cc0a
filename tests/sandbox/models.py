"""botocore's models of the services, read once: they are megabytes of JSON, and each session of
botocore's reads those it needs anew (it was two thirds of what the sandbox worked for).
"""

from __future__ import annotations

import functools
import threading
from typing import Any

# A session is for one thread at a time, the clients that it makes are for all.
_lock = threading.RLock()


@functools.cache
def _session() -> Any:
    import boto3

    return boto3.session.Session()


def client(service: str, **more: Any) -> Any:
    """A new boto3 client; `more` as boto3's Session.client takes it."""
    with _lock:
        return _session().client(service, **more)


@functools.cache
def service_model(service: str) -> Any:
    with _lock:
        return _session()._session.get_service_model(service)
