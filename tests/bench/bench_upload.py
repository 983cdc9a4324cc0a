#!/usr/bin/env python3
"""Upload of a large file beside `aws s3 cp`, to the same receiver in the same run.

usage: bench_upload.py S3_SINK AWS_PROBE [--mib N] [--sandbox]

The receiver is s3_sink (C, loopback, throws away what it gets), so that the sender is what is
measured; --sandbox sends the same file into the sandbox as well, whose Python reads, hashes and
stores every byte: there both senders wait for it, and the line says so. Wall time of the whole
command, best of three, start of the program included. (build without sanitizers: meson setup
build/release -Dbuildtype=release)
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
AWS = "/usr/bin/aws"
BUCKET = "bench-bucket"
ROUNDS = 3


def timed(command: list[str], env: dict[str, str]) -> tuple[float, float]:
    """Wall and processor time of the best round: the second is the same on a busy machine."""
    took = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        _, status, used = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"{command[0]} failed: {os.waitstatus_to_exitcode(status)}")
        took.append((time.perf_counter() - begun, used.ru_utime + used.ru_stime))
    return min(took)[0], min(cpu for _, cpu in took)


def compare(
    what: str, url: str, keys: tuple[str, str], probe: str, file: pathlib.Path, home: str
) -> None:
    env = {
        "PATH": "/usr/bin:/bin",
        "HOME": home,
        "AWS_REGION": "us-west-2",
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_ACCESS_KEY_ID": keys[0],
        "AWS_SECRET_ACCESS_KEY": keys[1],
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": url,
    }
    ours, our_cpu = timed(
        [probe, "s3.Upload", json.dumps({"Bucket": BUCKET, "Key": "big", "Path": str(file)})], env
    )
    mib = file.stat().st_size / (1 << 20)
    print(f"upload of {mib:.0f} MiB to {what}: {ours:6.2f} s, {mib / ours:6.0f} MiB/s", end="")
    if pathlib.Path(AWS).exists():
        theirs, their_cpu = timed(
            [
                AWS,
                "s3",
                "cp",
                "--only-show-errors",
                "--endpoint-url",
                url,
                str(file),
                f"s3://{BUCKET}/big",
            ],
            env,
        )
        print(
            f"; aws s3 cp {theirs:6.2f} s, {mib / theirs:6.0f} MiB/s: {theirs / ours:.1f} times "
            f"(aim 2); processor {our_cpu:.2f} s and {their_cpu:.2f} s: "
            f"{their_cpu / our_cpu:.1f} times",
            end="",
        )
    print(flush=True)


def to_sink(sink: str, probe: str, file: pathlib.Path, home: str) -> None:
    process = subprocess.Popen([sink], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        compare(
            "s3_sink",
            f"http://127.0.0.1:{process.stdout.readline().strip()}",
            ("AKIDEXAMPLE", "secret"),
            probe,
            file,
            home,
        )
    finally:
        process.communicate()


def to_sandbox(probe: str, file: pathlib.Path, home: str) -> None:
    import boto3

    state = pathlib.Path(home) / "state.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0", "--state-file", str(state), "--fast"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        stdout=subprocess.DEVNULL,
    )
    try:
        while not state.exists() or not state.read_text().strip():
            time.sleep(0.1)
        at = json.loads(state.read_text())
        boto3.client(
            "s3",
            region_name="us-west-2",
            endpoint_url=at["url"],
            aws_access_key_id=at["access_key"],
            aws_secret_access_key=at["secret_key"],
        ).create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
        )
        compare(
            "the sandbox (its Python is the bottleneck)",
            at["url"],
            (at["access_key"], at["secret_key"]),
            probe,
            file,
            home,
        )
    finally:
        process.terminate()
        process.wait(20)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sink")
    parser.add_argument("probe")
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--sandbox", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dfb", dir="/tmp") as home:
        file = pathlib.Path(home) / "file"
        piece = os.urandom(1 << 20)
        with file.open("wb") as out:
            for _ in range(options.mib):
                out.write(piece)
        to_sink(options.sink, options.probe, file, home)
        if options.sandbox:
            to_sandbox(options.probe, file, home)


main()
