"""Both programs over a list of projects, each in its own folder of a temporary tree.

A program reads a request a line and answers a line each; several of them run beside each other. In
the answers a project's folder has one name everywhere (PLACE), so that those of different runs and
of the two programs can be compared. A program that ends badly, or gives fewer answers than it got
requests, ends the whole run.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import threading
from dataclasses import dataclass

from cases import Case


@dataclass
class Answer:
    value: object = None  # the project as JSON prints it, None when it was refused
    tree: object = None  # the project as its YAML says it
    hashed: dict | None = None  # by service: what its hash is taken of
    used: dict | None = None  # top-level resources that something uses
    broken: str = ""  # ours: freezing it failed
    error: str = ""
    said: tuple[str, ...] = ()


PLACE = "/at"  # what the folder of a project is called in answers


def lay_out(cases: list[Case], root: pathlib.Path) -> list[dict]:
    """Writes the files; returns the requests."""
    requests = []
    for i, case in enumerate(cases):
        folder = root / str(i)
        for name, text in case.files.items():
            path = folder / "app" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
        requests.append(request(case, folder, folder / "app"))
    return requests


def request(case: Case, strip: pathlib.Path, folder: pathlib.Path) -> dict:
    call = dict(case.call)
    call["profiles"] = ["defang", *call.get("profiles", [])]
    call["env"] = {"HOME": "/home/ada", **call.get("env", {})}
    call["dir"] = str(folder / call.pop("cwd")) if "cwd" in call else str(folder)
    return {"id": str(strip), **call}


def printed_request(item: dict, answer: Answer) -> dict:
    """The request for what an answer's YAML says, written down beside the project."""
    path = pathlib.Path(item["id"]) / "app/printed.yaml"
    text = json.dumps(answer.tree, ensure_ascii=False).replace(PLACE + "/", item["id"] + "/")
    path.write_text(
        text if answer.tree else "services: 0\n", encoding="utf-8", errors="surrogateescape"
    )
    return {**item, "files": [str(path)], "bare": False}


def ask(program: str, requests: list[dict], workers: int) -> list[Answer]:
    workers = max(1, min(workers, len(requests) // 20 + 1))
    slices = [requests[i::workers] for i in range(workers)]
    found: list[list[Answer]] = [[] for _ in slices]
    failures: list[str] = []

    def one(i: int) -> None:
        text = "".join(json.dumps(item) + "\n" for item in slices[i])
        done = subprocess.run(
            [program],
            input=text,
            capture_output=True,
            encoding="utf-8",
            env=_environment(),
            check=False,
        )
        if done.returncode != 0:
            failures.append(f"{program} ended with {done.returncode}: {done.stderr[-3000:]}")
            return
        # json.dumps escapes newlines inside texts, so a line is an answer
        found[i] = [_answer(line) for line in done.stdout.split("\n") if line]

    threads = [threading.Thread(target=one, args=(i,)) for i in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit("\n".join(failures))
    answers: list[Answer] = [Answer()] * len(requests)
    for i, part in enumerate(found):
        if len(part) != len(slices[i]):
            raise SystemExit(f"{program}: {len(part)} answers to {len(slices[i])} requests")
        answers[i::workers] = part
    return answers


def _environment() -> dict[str, str]:
    """Nothing of the caller's but what sanitizers read."""
    return {key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")} | {
        "HOME": "/home/ada"
    }


def _answer(line: str) -> Answer:
    data = json.loads(line)
    said = tuple(data.get("said", ()))
    if "json" not in data:
        return Answer(error=data.get("error") or "no answer", said=said)
    value = json.loads(data["json"]) if isinstance(data["json"], str) else data["json"]
    return Answer(
        *(
            _moved(part, data["id"])
            for part in (value, data.get("tree"), data.get("hashed") or {}, data.get("used") or {})
        ),
        data.get("broken", ""),
        "",
        said,
    )


def _moved(value, folder: str):
    """The project's own folder has one name everywhere."""
    if isinstance(value, str):
        return value.replace(folder + "/", PLACE + "/")
    if isinstance(value, list):
        return [_moved(item, folder) for item in value]
    if isinstance(value, dict):
        return {key: _moved(item, folder) for key, item in value.items()}
    return value
