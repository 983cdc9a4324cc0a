"""What differs between two property sets, and what that means for the physical resource."""

from . import schemas
from .intrinsics import Unknown

NEVER, CONDITIONALLY, ALWAYS = "Never", "Conditionally", "Always"
_ABSENT = object()


def paths(old, new, at: tuple = ()) -> list:
    """The paths whose values differ. An Unknown differs from everything."""
    if isinstance(old, dict) and isinstance(new, dict):
        found = []
        for key in list(old) + [k for k in new if k not in old]:
            found += paths(old.get(key, _ABSENT), new.get(key, _ABSENT), at + (key,))
        return found
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        found = []
        for index, (left, right) in enumerate(zip(old, new, strict=True)):
            found += paths(left, right, at + (str(index),))
        return found
    if isinstance(new, Unknown):
        return [at]
    if old is _ABSENT or new is _ABSENT:
        return [at]
    return [] if same(old, new) else [at]


def same(old, new) -> bool:
    """Scalars are compared as CloudFormation does: 80 and "80" are one value."""
    if isinstance(old, (dict, list)) or isinstance(new, (dict, list)):
        return old == new
    return _text(old) == _text(new)


def _text(value) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _covers(pointer: tuple, path: tuple) -> bool:
    return all(p == "*" or p == q for p, q in zip(pointer, path, strict=False))


def recreation(region: str, type_: str, changed: list) -> str:
    """Never, Conditionally or Always for the changed paths of one resource."""
    result = NEVER
    for path in changed:
        if any(_covers(p, path) for p in schemas.create_only(region, type_)):
            return ALWAYS
        if any(_covers(p, path) for p in schemas.conditional_create_only(region, type_)):
            result = CONDITIONALLY
    return result


def conditional_paths(region: str, type_: str, changed: list) -> list:
    return [
        path
        for path in changed
        if any(_covers(p, path) for p in schemas.conditional_create_only(region, type_))
    ]
