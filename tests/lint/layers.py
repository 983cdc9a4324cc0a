"""Which folder may include what: the table of levels (an include only points downward), and which
library belongs to which folder.
"""

import re

INCLUDE = re.compile(r'^\s*#\s*include\s+(?P<open>["<])(?P<what>[^">]+)[">]')

# Folder → folders below it that it may use; its own is always allowed.
MAY_USE = {
    "base": set(),
    "data": {"base"},
    "loop": {"base"},
    "compose": {"base", "data"},
    "dockerfile": {"base", "data"},
    "store": {"base", "loop"},
    "rpc": {"base", "loop", "proto"},
    "aws": {"base", "data", "loop"},
    "pack": {"base", "loop"},
    "starter": {"base", "data"},
    "plan": {"base", "data", "compose"},
    "engine": {"base", "data", "loop", "compose", "aws", "pack", "plan"},
    "daemon": {
        "base",
        "data",
        "loop",
        "compose",
        "dockerfile",
        "store",
        "rpc",
        "aws",
        "pack",
        "plan",
        "engine",
        "starter",
        "proto",
    },
    "client": {"base", "rpc", "proto"},
}

# Rooms of a layer, bottom up: a file may include and call what stands on its own line or on one
# before. A room that shares a line with others knows nothing of them. "." are the files that lie in
# the layer itself; a file may have a place of its own.
ROOMS = {
    "src/compose": [["."], ["spec"], ["read", "bind", "print"], ["compose.c"]],
    "src/plan": [
        ["scripts", "graph", "keys"],
        ["."],
        ["view"],
        ["settings"],
        ["common"],
        ["expand"],
        ["network"],
        ["compute"],
        ["container"],
        ["task", "store", "site", "build"],
        ["ingress"],
        ["make"],
        ["consent"],
        ["check"],
        ["pulumi"],
        ["report", "account"],
    ],
    "src/aws": [["sign", "model"], ["wire"], ["settings"], ["."], ["identity"], ["s3"]],
    "src/engine": [
        ["."],
        ["stack", "task", "values", "keep"],
        ["build", "run", "site", "release"],
        ["cloudformation", "pulumi"],
        ["account"],
        ["engines.c", "engines.h"],
    ],
    "daemon": [["look", "service"], ["."], ["preview"], ["jobs"], ["past"], ["verbs"], ["main.c"]],
    "client": [
        ["command.h", "options.h", "options.c", "time_arg.h", "time_arg.c"],
        ["view"],
        ["."],
        ["commands"],
        ["main.c"],
    ],
}

# The client half of rpc, and what it leans on: no libuv, no OpenSSL behind them.
CLIENT_HALF = {
    "client",
    "client_calls",
    "client_connect",
    "client_internal",
    "client_wire",
    "frame",
    "paths",
    "verbs",
}
CLIENT_RPC_HEADERS = {"rpc/client.h", "rpc/frame.h", "rpc/log_file.h", "rpc/paths.h", "rpc/verbs.h"}
NOT_FOR_CLIENT = {"base/digest.h"}  # OpenSSL

# Library header → the folders that may see it. Who includes a header of ours that shows it has it
# too.
LIBRARIES = {
    re.compile(r"uv\.h$|uv/"): {"loop"},
    re.compile(r"curl/"): {"loop"},
    re.compile(r"openssl/"): {"base"},
    re.compile(r"zlib\.h$"): {"base", "pack"},
    re.compile(r"sqlite3\.h$"): {"store"},
    re.compile(r"jansson\.h$"): {"data"},
    re.compile(r"expat\.h$"): {"data"},
    re.compile(r"yaml\.h$"): {"data"},
    re.compile(r"protobuf-c/"): {"rpc", "client", "daemon"},
}


def folder_of(path):
    parts = path.split("/")
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    return parts[0] if parts[0] in ("daemon", "client") and len(parts) > 1 else None


def place_of(path):
    """(layer, level, room) of a file in a layer that has rooms, else None."""
    for layer, levels in ROOMS.items():
        if not path.startswith(layer + "/"):
            continue
        rest = path[len(layer) + 1 :]
        room = rest.split("/")[0] if "/" in rest else "."
        for level, rooms in enumerate(levels):
            if rest in rooms:
                return layer, level, rest
        for level, rooms in enumerate(levels):
            if room in rooms:
                return layer, level, room
        return layer, None, room
    return None


def judge_step(path, target):
    """A message when `path` may not lean on the file `target`, by layers and rooms; else None."""
    mine, other = folder_of(path), folder_of(target)
    if mine != other:
        if other in MAY_USE and other not in MAY_USE.get(mine, set()):
            return f"{mine} may not use {other}: a call only points downward"
        return None
    here, there = place_of(path), place_of(target)
    if not here or not there:
        return None
    if here[1] is None:
        return f"the room {here[2]} has no place in the table of levels"
    if there[1] is None or there[1] > here[1]:
        return f"the room {there[2]} stands above {here[2]}"
    if there[1] == here[1] and there[2] != here[2] and "." not in (there[2][-2:-1], here[2][-2:-1]):
        return f"the rooms {there[2]} and {here[2]} stand side by side"
    return None


def target_of(what):
    """The file that an include names, as a path from the root."""
    return what if what.split("/")[0] in ("daemon", "client", "proto") else "src/" + what


def is_client_side(path):
    folder = folder_of(path)
    return folder == "client" or (
        folder == "rpc" and path.split("/")[-1].rsplit(".", 1)[0] in CLIENT_HALF
    )


def judge_library(folder, what):
    for pattern, folders in LIBRARIES.items():
        if pattern.match(what) and folder not in folders:
            return f"<{what}> belongs to {', '.join(sorted(folders))}"
    return None


def judge_client_side(what):
    if what in NOT_FOR_CLIENT or what.startswith("loop/"):
        return f"{what} is not for the client's side: it links neither OpenSSL nor libuv"
    if what.startswith("rpc/") and what not in CLIENT_RPC_HEADERS | {
        f"rpc/{stem}.h" for stem in CLIENT_HALF
    }:
        return f"{what} is not of the client half of rpc"
    return None


def judge(path, include):
    """A message, or None when the include is fine. Tests may use every folder."""
    if include["what"].startswith("."):
        return "an include path starts at the root of a layer, not with a dot"
    folder = folder_of(path)
    if folder is None:
        return None
    if folder not in MAY_USE:
        return f"the folder {folder} has no place in the table of levels"
    what = include["what"]
    top = what.split("/")[0]
    if include["open"] == "<":
        return judge_library(folder, what)
    if is_client_side(path):
        message = judge_client_side(what)
        if message:
            return message
    if top in MAY_USE or top == "proto":
        if top != folder and top not in MAY_USE[folder]:
            return f"{folder} may not use {top}: an include only points downward"
        return judge_step(path, target_of(what)) if top == folder else None
    return f'"{what}" does not start at the root of a layer'
