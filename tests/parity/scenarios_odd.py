"""More scenarios, of the kind that nobody writes on purpose: clashing settings, odd INI text, words
in the wrong case, variables that are set and empty.
"""

from __future__ import annotations

from .scenario import Scenario
from .scenarios_odd_files import ODD_FILES
from .scenarios_odd_settings import ODD_SETTINGS
from .scenarios_odd_sources import ODD_SOURCES

ODD: list[Scenario] = [
    *ODD_FILES,
    *ODD_SOURCES,
    *ODD_SETTINGS,
]
