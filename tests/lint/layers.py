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
    "store": {"base", "loop"},
    "rpc": {"base", "loop", "proto"},
    "aws": {"base", "data", "loop"},
    "pack": {"base", "loop"},
    "plan": {"base", "data", "compose"},
    "engine": {"base", "data", "loop", "compose", "aws", "pack", "plan"},
    "daemon": {
        "base",
        "data",
        "loop",
        "compose",
        "store",
        "rpc",
        "aws",
        "pack",
        "plan",
        "engine",
        "proto",
    },
    "client": {"base", "rpc", "proto"},
}

# The client half of rpc, and what it leans on: no libuv, no OpenSSL behind them.
CLIENT_HALF = {"client", "client_internal", "client_wire", "frame", "paths", "verbs"}
CLIENT_RPC_HEADERS = {"rpc/client.h", "rpc/frame.h", "rpc/paths.h", "rpc/verbs.h"}
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
        return None
    return f'"{what}" does not start at the root of a layer'
