"""What the parts of the sandbox share: address, clock, keys, waits, loopback clients.

One Context exists per process; it is handed to every part by its constructor. Times are
seconds; `now()` is the sandbox's clock, which a test can move with /_sandbox/clock.
"""

from __future__ import annotations

import datetime
import threading
import time
from typing import Any

from . import models
from .behaviour import Behaviour
from .faults import Faults
from .journal import Journal
from .keys import KeyStore

ADMIN_KEY = "AKIASANDBOXADMIN0001"
ADMIN_SECRET = "sandbox-secret-key-not-a-real-one-0001"
ACCOUNT = "123456789012"

# How long each wait lasts: (default, with --fast). The defaults are short beside AWS's own,
# long enough that a person sees progress.
WAITS = {
    "ecs-provisioning": (0.8, 0.05),
    "ecs-pending": (1.0, 0.05),
    "ecs-activating": (0.5, 0.03),
    "ecs-deactivating": (0.5, 0.03),
    "ecs-stopping": (0.5, 0.03),
    "ecs-deprovisioning": (0.6, 0.03),
    "ecs-reconcile": (0.3, 0.03),
    "ecs-steady": (1.0, 0.1),
    "ecs-drain": (0.8, 0.05),
    "container-start": (0.6, 0.05),
    "container-heartbeat": (10.0, 5.0),
    "health-interval": (0.5, 0.05),
    "target-initial": (1.5, 0.1),
    "build-step": (0.25, 0.01),
    "elb-create": (2.0, 0.1),
    "rds-create": (5.0, 0.3),
    "rds-modify": (2.0, 0.1),
    "rds-delete": (2.5, 0.15),
    "elasticache-create": (4.0, 0.25),
    "elasticache-modify": (1.5, 0.1),
    "elasticache-delete": (2.0, 0.15),
    "nat-create": (2.0, 0.1),
    "nat-delete": (1.5, 0.1),
    "servicediscovery": (1.0, 0.05),
    "cfn-step": (0.15, 0.01),
    "sso-interval": (1.0, 1.0),
}
UNKNOWN_WAIT = (0.5, 0.03)


class Context:
    def __init__(self, *, fast: bool = False, seed: int | None = None) -> None:
        self.fast = fast
        self.seed = seed
        self.url = ""
        self.stop = threading.Event()
        self.account = ACCOUNT
        self.started = time.time()
        self.clock_offset = 0.0
        self.journal = Journal()
        self.faults = Faults()
        self.behaviour = Behaviour()
        self.keys = KeyStore(self.now)
        self.keys.add_static(ADMIN_KEY, ADMIN_SECRET, ACCOUNT)
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._clients_lock = threading.Lock()
        self._wait_factor: dict[str, float] = {}

    def now(self) -> float:
        return time.time() + self.clock_offset

    def utcnow(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self.now(), datetime.UTC)

    def seconds(self, kind: str) -> float:
        """How long a wait of this kind lasts; /_sandbox/waits overrides one by one."""
        if kind in self._wait_factor:
            return self._wait_factor[kind]
        slow, fast = WAITS.get(kind, UNKNOWN_WAIT)
        return fast if self.fast else slow

    def set_seconds(self, kind: str, seconds: float | None) -> None:
        if seconds is None:
            self._wait_factor.pop(kind, None)
        else:
            self._wait_factor[kind] = seconds

    def sleep(self, seconds: float) -> bool:
        """Wait; True when the sandbox is ending and the caller should return."""
        return self.stop.wait(seconds)

    def clients(self, service: str, region: str, account: str | None = None) -> Any:
        """A boto3 client on our own address, signed with an internal key of the account."""
        account = account or self.account
        where = (service, region, account)
        with self._clients_lock:
            client = self._clients.get(where)
            if client is None:
                key = self.keys.internal(account)
                client = self._client(service, region, key.access_key, key.secret, None)
                self._clients[where] = client
            return client

    def role_client(self, service: str, region: str, role_arn: str, session: str) -> Any:
        """A client with temporary credentials of a role, as a task's SDK would have it."""
        key = self.keys.issue_role(role_arn, session, 3600)
        return self._client(service, region, key.access_key, key.secret, key.token)

    def _client(self, service: str, region: str, key: str, secret: str, token: str | None) -> Any:
        from botocore.config import Config

        return models.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(
                retries={"max_attempts": 1, "mode": "standard"},
                s3={"addressing_style": "path"},
                max_pool_connections=32,
                inject_host_prefix=False,
                ignore_configured_endpoint_urls=True,
                proxies={},
            ),
        )

    def s3_get(
        self, bucket: str, key: str, region: str = "us-east-1", account: str | None = None
    ) -> bytes:
        answer = self.clients("s3", region, account).get_object(Bucket=bucket, Key=key)
        return answer["Body"].read()
