"""Whether two refusals have the same reason: the words of both belong to a common class, and what
the reference names as the place is named here too. The wording is each side's own.

CLASSES has, for each reason, how we say it and how the reference does. A new sentence of ours that
fits no class makes a comparison fail: put it where it belongs instead of widening a class.
"""

from __future__ import annotations

import re

CLASSES = {  # class: (our words, the reference's)
    "file": (
        r"cannot open|no such file|does not exist|o Compose file|mpty Compose file",
        r"no such file|not found|couldn't find|no configuration|empty compose",
    ),
    "yaml": (
        r"not valid YAML|already defined|alias |merge key|must be a mapping|is not a text",
        r"yaml:|non-string key",
    ),
    "unknown key": (
        r"unknown (top-level )?key|is not a valid name|is not defined",
        r"additional properties|false schema",
    ),
    "missing": (
        r"is missing|neither an image|must say|names no trigger|needs a (source|target)|is empty$",
        (
            r"missing|must not be empty|neither an image|must be set|must declare|can't be blank|"
            r"is required|must be a (string|integer or string)$"
        ),
    ),
    "type or value": (
        (
            r"must (be|not|start)|out of range|is not (a|an|known)\b|ranges differ|"
            r"unknown protocol|valid project name|named twice|a quote is opened|cannot hold|"
            r"invalid interpolation|: unknown key"
        ),
        (
            r"must (be|start|consist)|[Ii]nvalid|missing (unit|a target)|does not match|"
            r"unsupported|confusing|trailing space|cannot contain|unterminated|are equal|"
            r"cannot override"
        ),
    ),
    "reference": (
        r"is not defined|not active|no such service|has no build",
        r"undefined|not found|unknown service|non-buildable|cannot depend",
    ),
    "conflict": (
        r"exclude each other|differ$|twice|be shared|cannot be said|is both|does not hold",
        r"exclusive|distinct|conflicting|unique|already mounted|MUST include",
    ),
    "cycle": (r"circle|inside its own", r"[Cc]ircular|cycle"),
    "variable": (
        r"required variable|interpolation format",
        r"required variable|interpolation format",
    ),
}
PATH = re.compile(r"\b(?:services|jobs|networks|volumes|secrets|configs|models)[.\[][\w.\[\]/-]+")


def _place(text: str) -> str:
    """The resource on the first path in the reference's words."""
    found = PATH.search(text)
    if not found or "yaml:" in text:
        return ""
    name = re.split(r"[.\[\]]+", found.group())[1]
    return (
        "" if name in ("scale", "deploy") else name
    )  # "services.scale: …" is a path of the reference alone


def differ(ours: tuple[str, ...], theirs: str) -> str:
    """What is wrong with our reasons beside the reference's; empty when nothing is."""
    said = "\n".join(text for text in ours if not text.startswith("warning: "))
    if not any(
        re.search(mine, said, re.M) and re.search(other, theirs, re.M)
        for mine, other in CLASSES.values()
    ):
        return f'refused for another reason: "{said}" here, "{theirs}" in the reference'
    place = _place(theirs)
    if place and place not in said:
        return f'refused at another place: "{said}" here, "{theirs}" in the reference'
    return ""
