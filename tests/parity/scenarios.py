"""All scenarios of the page, by where the credentials come from; scenarios_odd.py has more."""

from __future__ import annotations

from .scenario import Scenario
from .scenarios_keys import KEYS
from .scenarios_machine import MACHINE
from .scenarios_region import REGIONS
from .scenarios_roles import ROLES
from .scenarios_tokens import TOKENS

SCENARIOS: list[Scenario] = [
    *KEYS,
    *REGIONS,
    *ROLES,
    *TOKENS,
    *MACHINE,
]
