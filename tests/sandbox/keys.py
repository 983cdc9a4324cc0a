"""The access keys the sandbox knows: static ones, moto's IAM users, and temporary ones it issued.

`find` answers whose key it is, with its secret, for auth.py to check signatures; a temporary key
has a token and an end, which a test can bring near (`expire`). The sandbox's own loopback calls
have a key of their own, with a new secret in every process, so that the journal can leave them out.
"""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Callable
from dataclasses import dataclass

ALPHABET = string.ascii_uppercase + "234567"


@dataclass
class Key:
    access_key: str
    secret: str
    account: str
    arn: str
    user_id: str
    token: str | None = None
    expires: float | None = None
    role_arn: str | None = None
    internal: bool = False


def random_id(prefix: str, length: int = 20) -> str:
    return prefix + "".join(secrets.choice(ALPHABET) for _ in range(length - len(prefix)))


class KeyStore:
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._keys: dict[str, Key] = {}
        self._internal: dict[str, Key] = {}
        self._lock = threading.Lock()

    def add_static(self, access_key: str, secret: str, account: str, user: str = "admin") -> Key:
        key = Key(
            access_key,
            secret,
            account,
            f"arn:aws:iam::{account}:user/{user}",
            random_id("AIDA", 21),
        )
        with self._lock:
            self._keys[access_key] = key
        return key

    def internal(self, account: str) -> Key:
        """The key of the sandbox's own loopback calls; a new secret in every process."""
        with self._lock:
            key = self._internal.get(account)
            if key is None:
                key = Key(
                    f"AKIAINT0{account}",
                    secrets.token_hex(20),
                    account,
                    f"arn:aws:iam::{account}:user/sandbox-internal",
                    random_id("AIDA", 21),
                    internal=True,
                )
                self._internal[account] = key
                self._keys[key.access_key] = key
            return key

    def issue(
        self, account: str, arn: str, user_id: str, seconds: float, role_arn: str | None = None
    ) -> Key:
        key = Key(
            random_id("ASIA"),
            secrets.token_urlsafe(30),
            account,
            arn,
            user_id,
            token="FwoGZXIvYXdzE" + secrets.token_urlsafe(120),
            expires=self._now() + seconds,
            role_arn=role_arn,
        )
        with self._lock:
            self._keys[key.access_key] = key
        return key

    def issue_role(self, role_arn: str, session: str, seconds: float) -> Key:
        account = role_arn.split(":")[4]
        name = role_arn.split("/")[-1]
        arn = f"arn:aws:sts::{account}:assumed-role/{name}/{session}"
        return self.issue(
            account, arn, f"{self._role_id(role_arn, account)}:{session}", seconds, role_arn
        )

    @staticmethod
    def _role_id(role_arn: str, account: str) -> str:
        from moto.iam.models import iam_backends

        for role in list(iam_backends[account]["aws"].roles.values()):
            if role.arn == role_arn:
                return str(role.id)
        return random_id("AROA", 21)

    def find(self, access_key: str) -> Key | None:
        with self._lock:
            key = self._keys.get(access_key)
        return key or self._find_user(access_key)

    @staticmethod
    def _find_user(access_key: str) -> Key | None:
        from moto.iam.models import iam_backends

        for account, partitions in list(iam_backends.items()):
            for user in list(partitions["aws"].users.values()):
                for key in user.access_keys:
                    if key.access_key_id == access_key and key.status == "Active":
                        return Key(access_key, key.secret_access_key, account, user.arn, user.id)
        return None

    def expire(self, token_or_key: str) -> int:
        """Let temporary credentials end now: by key id, by session token, or '*' for all."""
        count = 0
        with self._lock:
            for key in self._keys.values():
                if key.expires is not None and token_or_key in ("*", key.access_key, key.token):
                    key.expires = self._now() - 1
                    count += 1
        return count
