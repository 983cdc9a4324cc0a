#!/usr/bin/env python3
"""Whole processes side by side: our loader and the reference's, from the file to the printed YAML.

usage: bench_compose.py TOOL [ORACLE]

TOOL is a release build of tests/conformance/compose_tool; without ORACLE the reference is built
with go. Prints, for the corpus and for projects of 500 and 5,000 services, the best time of each
and the ratio; and, in processor time, whether twice the services take no more than twice as long.
"""

from __future__ import annotations

import math
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SERVICE = """  s{i}:
    image: registry.example.com/team/app-{i}:1.{i}
    environment: {{LOG_LEVEL: info, PORT: "80{j:02}", PEER: "http://s{before}:8080", KEY_{j}: value}}
    ports: [{{target: 8080, published: "{port}", mode: host}}]
    depends_on: [{depends}]
    networks: [front, back]
    volumes: ["data{j}:/var/lib/data", "./conf/{i}:/etc/app:ro"]
    deploy: {{replicas: 2, resources: {{limits: {{cpus: "0.5", memory: 512M}}, reservations: {{memory: 256M}}}}}}
    healthcheck: {{test: [CMD, curl, -f, "http://localhost:8080/"], interval: 30s, timeout: 5s, retries: 3}}
    labels: {{team: shop, tier: "{j}"}}
"""  # noqa: E501 - the projects stay what they were, so that numbers can be compared


def project(services: int) -> str:
    parts = ["services:\n"]
    for i in range(services):
        before = max(i - 1, 0)
        parts.append(
            SERVICE.format(
                i=i,
                j=i % 20,
                before=before,
                port=20000 + i % 40000,
                depends=f"s{before}" if i else "",
            )
        )
    volumes = "".join(f"  data{j}: {{}}\n" for j in range(20))
    return "".join(parts) + f"networks:\n  front: {{}}\n  back: {{}}\nvolumes:\n{volumes}"


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def best(program: str, path: pathlib.Path, rounds: int, clock=time.perf_counter) -> float:
    """Milliseconds of the fastest of some runs: what is slower is other people's load.

    Infinite when it is refused.
    """
    times = []
    for _ in range(rounds):
        begun = clock()
        done = subprocess.run(
            [program, str(path)],
            cwd=path.parent,
            capture_output=True,
            env={"HOME": "/home/ada", "PATH": os.environ["PATH"]},
            check=False,
        )
        if done.returncode != 0:
            return math.inf
        times.append(clock() - begun)
    return min(times) * 1000


def row(name: str, ours: float, theirs: float) -> None:
    if math.isinf(ours):
        raise SystemExit(f"{name}: refused here")
    other = (
        "     refused          "
        if math.isinf(theirs)
        else f"{theirs:9.1f} ms {theirs / ours:7.1f} x"
    )
    print(f"{name:24} {ours:9.1f} ms {other}")


def corpus_of() -> list[pathlib.Path]:
    shared = pathlib.Path(os.environ.get("DEFANG_SHARED", HERE.parents[2] / "shared"))
    return sorted((shared / "corpus" / "awesome-compose").glob("*/compose.y*ml"))


def main() -> int:
    if len(sys.argv) not in (2, 3) or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 2
    tool = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        oracle = sys.argv[2] if len(sys.argv) == 3 else f"{folder}/oracle"
        if len(sys.argv) == 2:
            subprocess.run(
                ["go", "build", "-o", oracle, "."],
                cwd=HERE.parent / "conformance" / "oracle",
                check=True,
            )
        print(f"{'':24} {'ours':>12} {'reference':>12}   ratio")
        corpus = corpus_of()
        if corpus:
            row(
                f"corpus, {len(corpus)} projects",
                sum(best(tool, path, 5) for path in corpus),
                sum(best(oracle, path, 3) for path in corpus),
            )
        else:
            print("SKIPPED: the corpus is absent")
        times = {}
        for services in (500, 2500, 5000):
            path = pathlib.Path(folder) / str(services) / "compose.yaml"
            path.parent.mkdir()
            path.write_text(project(services), encoding="utf-8")
            times[services] = best(tool, path, 7, processor_seconds)
            row(f"{services} services", best(tool, path, 7), best(oracle, path, 2))
        print("(the reference visits no more than 100,000 nodes of a file)")
    print(
        "processor time: "
        + ", ".join(f"{services} services {spent:.1f} ms" for services, spent in times.items())
    )
    print(f"5000 services take {times[5000] / times[2500]:.2f} times as long as 2500")
    return 0


if __name__ == "__main__":
    sys.exit(main())
