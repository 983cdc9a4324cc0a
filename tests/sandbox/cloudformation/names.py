"""Physical names as CloudFormation makes them: <stack>-<logical id>-<random>, cut to what the type
takes.
"""

import secrets
import string

RANDOM_LENGTH = 12


def random_part(lower: bool) -> str:
    alphabet = (
        string.ascii_lowercase + string.digits if lower else string.ascii_letters + string.digits
    )
    return "".join(secrets.choice(alphabet) for _ in range(RANDOM_LENGTH))


def physical_name(stack: str, logical_id: str, limit: int = 255, lower: bool = False) -> str:
    """Both parts are cut when the whole is too long, the stack's name keeping half at least."""
    room = limit - RANDOM_LENGTH - 2
    if len(stack) + len(logical_id) > room:
        logical_part = logical_id[: max(room // 2, room - len(stack))]
        stack_part = stack[: room - len(logical_part)].rstrip("-")
    else:
        stack_part, logical_part = stack, logical_id
    name = f"{stack_part}-{logical_part}-{random_part(lower)}"
    return name.lower() if lower else name
