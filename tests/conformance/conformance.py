#!/usr/bin/env python3
"""Our loader beside the reference (github.com/compose-spec/compose-go): every project must come to
the same, in JSON and in YAML, and what the reference refuses must be refused.

    conformance.py [--live] [--record] [--only TEXT] [--seed N] [--count N] PART…

PART is cases (tests/conformance/cases, one behaviour each), corpus (../shared/corpus), generated
(random projects), bare (what --no-interpolate prints must mean the project it was printed for),
references (names of images, see references.py) or dockerfiles (see dockerfiles.py, with
DOCKERFILE_TOOL); without one, all. Without --live the reference's
recorded answers are used (recorded.json.gz), so no Go is needed; --live builds oracle/ and asks it;
--record does that and writes the answers down.
--seed and --count choose other generated projects (with --live). COMPOSE_TOOL names our program.
The wanted differences are in wanted.py.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import compare
import dockerfiles
import generate
import reasons
import recorded
import references
import run
import wanted
from cases import Case, load_all

HERE = pathlib.Path(__file__).parent
COUNT = 5000
SHOWN = 40
PARTS = ("cases", "corpus", "generated", "bare", "references", "dockerfiles")
BARE = 500  # of the generated ones


def judge(case: Case, ours: run.Answer, theirs: run.Answer) -> list[str]:
    """What is wrong with this pair; nothing when they agree or differ as they should."""
    found = list(_differences(case, ours, theirs))
    if ours.broken:
        return [ours.broken]
    if case.differs:
        if case.differs not in wanted.TABLE:
            return [f'there is no row "{case.differs}" in wanted.py']
        return [] if found else [f"no longer differs ({case.differs}): take the mark away"]
    if not found and case.cannot is not None and case.cannot != bool(theirs.error):
        return [
            "both take it, though it is marked `cannot`"
            if case.cannot
            else f"both refuse it, but it is not marked `cannot`: {theirs.error}"
        ]
    return found


def _differences(case: Case, ours: run.Answer, theirs: run.Answer):
    if ours.error and theirs.error:
        if why := theirs.error != recorded.REFUSED and reasons.differ(
            ours.said or (ours.error,), theirs.error
        ):
            yield why
        return
    if ours.error:
        yield "refused here, taken by the reference: " + ("; ".join(ours.said) or ours.error)
    elif theirs.error:
        yield "taken here, refused by the reference: " + theirs.error
    elif isinstance(theirs.value, str):  # a digest
        if (
            compare.digests(compare.ours(ours.value), compare.ours(ours.tree), ours.used, wanted)
            != theirs.value
        ):
            yield f'comes to something else; see it with --live --only "{case.name}"'
    else:
        yield from compare.differences(
            wanted.mend_json(compare.ours(ours.value)), wanted.mend_json(theirs.value)
        )
        for text in compare.differences(
            wanted.mend_tree(compare.ours(ours.tree)), wanted.mend_tree(theirs.tree)
        ):
            yield "YAML: " + text
        for text in (
            () if wanted.uses_more(theirs.tree) else compare.differences(ours.used, theirs.used)
        ):
            yield "used: " + text
        for text in compare.differences(
            wanted.mend_hashed(ours.hashed), wanted.mend_hashed(theirs.hashed)
        ):
            yield "hash: " + text


def corpus() -> list[Case]:
    shared = pathlib.Path(os.environ.get("DEFANG_SHARED", HERE.parents[2] / "shared"))
    folder = shared / "corpus" / "awesome-compose"
    found = sorted(path.parent for path in folder.glob("*/compose.y*ml"))
    if not found:
        print(f"SKIPPED: 0 projects of the corpus: {folder} is absent", file=sys.stderr)
    return [
        Case(
            f"corpus {path.name}",
            files={
                f"{item.name}": item.read_text(encoding="utf-8")
                for item in path.iterdir()
                if item.is_file()
            },
            call={"name": path.name.lower()},
        )
        for path in found
    ]


def build_oracle(folder: pathlib.Path, name: str = "oracle") -> str:
    program = folder / name
    begun = time.monotonic()
    subprocess.run(["go", "build", "-o", str(program), "."], cwd=HERE / name, check=True)
    print(f"oracle built in {time.monotonic() - begun:.1f} s")
    return str(program)


def run_part(name: str, projects: list[Case], ask, tool: str, workers: int) -> int:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        requests = run.lay_out(projects, pathlib.Path(folder))
        ours = run.ask(tool, requests, workers)
        theirs = ask(name, projects, requests)
    failures = refused = differing = 0
    for case, mine, other in zip(projects, ours, theirs, strict=True):
        wrong = judge(case, mine, other)
        refused += bool(mine.error and other.error)
        differing += bool(case.differs)
        failures += bool(wrong)
        for text in wrong[:5] if failures <= SHOWN else ():
            print(f"FAIL {case.name}: {text}")
    print(
        f"{name}: {len(projects)} projects, {refused} refused by both, {differing} wanted "
        f"differences, {time.monotonic() - begun:.1f} s"
    )
    print(f"conformance {name}: {len(projects) - failures} passed, {failures} failed")
    return failures


def _same(first: run.Answer, second: run.Answer):
    if second.error:
        yield "what is printed is refused: " + ("; ".join(second.said) or second.error)
        return
    for name, a, b in (
        ("", first.value, second.value),
        ("YAML: ", first.tree, second.tree),
        ("hash: ", first.hashed, second.hashed),
    ):
        for text in compare.differences(b, a):
            yield name + text.replace("in the reference", "at first")


def run_bare(projects: list[Case], loader: str, tool: str, workers: int) -> int:
    """The printed project, loaded again by `loader`, beside the project itself."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        requests = run.lay_out(projects, pathlib.Path(folder))
        whole = run.ask(loader, requests, workers)
        printed = run.ask(tool, [{**item, "bare": True} for item in requests], workers)
        again = run.ask(
            loader,
            [
                run.printed_request(item, answer)
                for item, answer in zip(requests, printed, strict=True)
            ],
            workers,
        )
    failures = taken = 0
    for case, first, text, second in zip(projects, whole, printed, again, strict=True):
        if first.error or case.differs or "include" in case.name:  # wanted.py, bare-include
            continue
        taken += 1
        wrong = (
            [f"refused without interpolation: {text.said or text.error}"]
            if text.error
            else list(_same(first, second))
        )
        failures += bool(wrong)
        for line in wrong[:5] if failures <= SHOWN else ():
            print(f"FAIL --no-interpolate of {case.name}: {line}")
    print(
        f"bare: {taken} of {len(projects)} projects printed without interpolation and loaded "
        f"again, {time.monotonic() - begun:.1f} s"
    )
    print(f"conformance bare: {taken - failures} passed, {failures} failed")
    return failures


def projects_of(part: str, seed: int, count: int) -> list[Case]:
    if part == "cases":
        return load_all()
    return corpus() if part == "corpus" else [generate.make(i) for i in range(seed, seed + count)]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", nargs="*", metavar="PART")
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=COUNT)
    options = parser.parse_args()
    tool = os.environ.get("COMPOSE_TOOL") or parser.error(
        "COMPOSE_TOOL is not set: run by meson test, or name build/…/compose_tool"
    )
    parts = options.part or list(PARTS)
    if unknown := set(parts) - set(PARTS):
        parser.error(
            f"there is no part {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}"
        )
    live = options.live or options.record
    if not live and (options.seed, options.count) != (0, COUNT):
        parser.error("other generated projects than the recorded ones need --live")
    workers = os.cpu_count() or 1
    failures = 0
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        oracle = build_oracle(pathlib.Path(folder)) if live and parts != ["dockerfiles"] else ""
        book = recorded.Book()

        def ask(part: str, projects: list[Case], requests: list[dict]) -> list[run.Answer]:
            if not live:
                return book.answers(part, projects)
            answers = run.ask(oracle, requests, workers)
            if options.record:
                book.write(part, projects, answers)
            return answers

        for part in parts:
            if part == "references":
                failures += references.run(tool, oracle, options.record)
                continue
            if part == "dockerfiles":
                theirs = build_oracle(pathlib.Path(folder), "dockerfile_oracle") if live else ""
                own = os.environ.get("DOCKERFILE_TOOL") or parser.error(
                    "DOCKERFILE_TOOL is not set: run by meson test, or name build/…/dockerfile_tool"
                )
                failures += dockerfiles.run(own, theirs, options.record, options.seed)
                continue
            if part == "bare":
                projects = [
                    case
                    for case in [
                        *load_all(),
                        *projects_of("generated", options.seed, min(BARE, options.count)),
                    ]
                    if options.only in case.name
                ]
                failures += run_bare(projects, oracle or tool, tool, workers)
                continue
            projects = [
                case
                for case in projects_of(part, options.seed, options.count)
                if options.only in case.name
            ]
            if projects:
                failures += run_part(part, projects, ask, tool, workers)
        if options.record:
            book.save()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
