"""Which operations the sandbox answers itself instead of moto.

    @operation("ecs", "RunTask")
    def run_task(sandbox: Sandbox, call: Call) -> dict: ...

`prepare`d functions run before moto's answer (they may raise AwsError or change moto's models),
`finish`ed ones see moto's answer and may replace it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

OPERATIONS: dict[tuple[str, str], Callable[..., Any]] = {}
PREPARE: dict[tuple[str, str], list[Callable[..., Any]]] = {}
FINISH: dict[tuple[str, str], list[Callable[..., Any]]] = {}
# services the sandbox holds whole: an operation that is not registered does not exist there
OWN_SERVICES: set[str] = set()


def operation(service: str, *names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            assert (service, name) not in OPERATIONS, (service, name)
            OPERATIONS[service, name] = function
        return function

    return register


def prepare(service: str, *names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            PREPARE.setdefault((service, name), []).append(function)
        return function

    return register


def finish(service: str, *names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            FINISH.setdefault((service, name), []).append(function)
        return function

    return register
