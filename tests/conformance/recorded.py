"""The reference's answers, written down: whole for the cases, as digests for the corpus and the
generated projects.

They lie in recorded.json.gz, by part and name of the project, each with a digest of what was asked:
a project that changed since then is an error that names the command to record it anew, never an old
answer. Of generated projects only that they were refused is kept, not why.
"""

from __future__ import annotations

import copy
import gzip
import json
import pathlib

import compare
import run
import wanted
from cases import Case

REFUSED = "refused"  # the reasons of generated projects are not kept
PATH = pathlib.Path(__file__).parent / "recorded.json.gz"


def question(case: Case) -> str:
    """Changes when the project does."""
    return compare.digest([case.files, case.call])


class Book:
    def __init__(self) -> None:
        self.pages: dict[str, dict] = (
            json.loads(gzip.decompress(PATH.read_bytes())) if PATH.exists() else {}
        )

    def answers(self, part: str, projects: list[Case]) -> list[run.Answer]:
        page = self.pages.get(part, {})
        out = []
        for case in projects:
            asked, answer = page.get(case.name, ("", None))
            if asked != question(case):
                raise SystemExit(
                    f"{case.name}: the reference's answer to it is not recorded; run "
                    "tests/conformance/conformance.py --record"
                )
            out.append(_read(answer))
        return out

    def write(self, part: str, projects: list[Case], answers: list[run.Answer]) -> None:
        page = (
            {}
            if part == "generated"
            else {name: row for name, row in self.pages.get(part, {}).items() if part == "corpus"}
        )
        for case, answer in zip(projects, answers, strict=True):
            if answer.error:
                kept: object = {"error": answer.error if part == "cases" else REFUSED}
            elif part == "cases":
                kept = {
                    "json": answer.value,
                    "tree": answer.tree,
                    "hashed": answer.hashed,
                    "used": answer.used,
                }
            else:
                kept = compare.digests(
                    copy.deepcopy(answer.value), copy.deepcopy(answer.tree), answer.used, wanted
                )
            page[case.name] = (question(case), kept)
        self.pages[part] = page

    def save(self) -> None:
        text = json.dumps(self.pages, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        PATH.write_bytes(gzip.compress(text.encode("utf-8"), mtime=0))


def _read(answer) -> run.Answer:
    if isinstance(answer, str):
        return run.Answer(value=answer)
    if "error" in answer:
        return run.Answer(error=answer["error"])
    return run.Answer(
        value=answer["json"], tree=answer["tree"], hashed=answer["hashed"], used=answer["used"]
    )
