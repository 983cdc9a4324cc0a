"""The one exception that becomes an AWS error answer in the protocol of the call."""

from __future__ import annotations


class AwsError(Exception):
    """code and message as the service names them; status is the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400, **members: object) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members
