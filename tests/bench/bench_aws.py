#!/usr/bin/env python3
"""Signatures per second beside botocore's signer and aws-c-auth, and `defangctl whoami` with a warm
cache beside `aws sts get-caller-identity`, in the same run.

usage: bench_aws.py BENCH_SIGN DEFANGCTL DEFANGD

Of a build without sanitizers: meson setup build/release -Dbuildtype=release. What stands in
brackets after a number is what we aim at.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from parity import runs
from parity.recorder import Authority, Recorder
from parity.scenario import ENVKEYS, REG, Scenario

BODY = b'{"cluster":"defang-cluster","services":["web","api","worker"]}'
SIGNATURES, WHOAMI, AWS = 3000, 100, 5


def botocore_signatures() -> float:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    credentials = Credentials(
        "AKIDEXAMPLE",
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "IQoJb3JpZ2luX2VjEXAMPLETOKEN" * 3,
    )
    signer = SigV4Auth(credentials, "ecs", "us-west-2")
    begun = time.process_time()
    for _ in range(SIGNATURES):
        signer.add_auth(
            AWSRequest(
                "POST",
                "https://ecs.us-west-2.amazonaws.com/",
                data=BODY,
                headers={
                    "Content-Type": "application/x-amz-json-1.1",
                    "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.DescribeServices",
                },
            )
        )
    return SIGNATURES / (time.process_time() - begun)


def crt_signatures() -> float | None:
    """aws-c-auth as awscrt (PyPI) brings it, in a Python that has it: this one, or the one that
    BENCH_CRT_PYTHON names. Its requests are made beforehand, so that only signing is timed;
    Python's calls around it (a future per signature) are part of the number, which is said.
    """
    ran = subprocess.run(
        [os.environ.get("BENCH_CRT_PYTHON", sys.executable), "-c", CRT],
        capture_output=True,
        text=True,
        check=False,
    )
    return float(ran.stdout) if ran.returncode == 0 else None


CRT = """
import datetime, io, time
from awscrt import auth, http
provider = auth.AwsCredentialsProvider.new_static(
    'AKIDEXAMPLE', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', 'IQoJb3JpZ2luX2VjEXAMPLETOKEN' * 3)
body = b'{"cluster":"defang-cluster","services":["web","api","worker"]}'
config = auth.AwsSigningConfig(
    auth.AwsSigningAlgorithm.V4, auth.AwsSignatureType.HTTP_REQUEST_HEADERS, provider, 'us-west-2',
    'ecs', datetime.datetime.now(datetime.timezone.utc))
def one():
    headers = http.HttpHeaders([
        ('Host', 'ecs.us-west-2.amazonaws.com'),
        ('Content-Type', 'application/x-amz-json-1.1'),
        ('X-Amz-Target', 'AmazonEC2ContainerServiceV20141113.DescribeServices')])
    return http.HttpRequest('POST', '/', headers, io.BytesIO(body))
best = 0
for _ in range(3):
    requests = [one() for _ in range(5000)]
    begun = time.process_time()
    for request in requests:
        auth.aws_sign_request(request, config).result()
    best = max(best, len(requests) / (time.process_time() - begun))
print(best)
"""


def best(command: list[str], env: dict[str, str], times: int) -> float:
    """The median of so many runs, in seconds."""
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        subprocess.run(
            command,
            env=env,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        took.append(time.perf_counter() - begun)
    return sorted(took)[len(took) // 2]


def main() -> None:
    sign, client, daemon = sys.argv[1:4]
    ours, theirs = (
        max(
            float(subprocess.run([sign], check=True, capture_output=True, text=True).stdout)
            for _ in range(3)
        ),
        max(botocore_signatures() for _ in range(3)),
    )
    print(
        f"signatures   {ours:10.0f} per second of processor time, botocore {theirs:8.0f}: "
        f"{ours / theirs:6.1f} times (aim 20)"
    )
    crt = crt_signatures()
    print(
        (
            f"                          aws-c-auth through awscrt {crt:8.0f}: {ours / crt:6.1f} "
            "times (aim 1)"
        )
        if crt
        else (
            "                          aws-c-auth: awscrt is not installed (BENCH_CRT_PYTHON "
            "names a Python that has it)"
        )
    )
    with tempfile.TemporaryDirectory(prefix="dfb", dir="/tmp") as name:
        folder = pathlib.Path(name)
        recorder = Recorder(Authority(folder))
        env = runs.environment(Scenario("bench", "", env={**ENVKEYS, **REG}), folder, recorder)
        place = {"DEFANG_SOCKET": str(folder / "s"), "DEFANG_STATE_DIR": str(folder / "state")}
        process = subprocess.Popen(
            [daemon],
            env={"PATH": "/usr/bin:/bin", "HOME": name, **place},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while (
                subprocess.run(
                    [client, "daemon", "status", "--no-spawn"],
                    env={**env, **place},
                    capture_output=True,
                    check=False,
                ).returncode
                != 0
            ):
                time.sleep(0.05)
            best([client, "whoami"], {**env, **place}, 3)
            whoami = best([client, "whoami"], {**env, **place}, WHOAMI)
            print(f"whoami warm  {whoami * 1000:10.2f} ms", end="")
            if pathlib.Path(runs.AWS).exists():
                aws = best([runs.AWS, "sts", "get-caller-identity"], env, AWS)
                print(
                    f",         aws      {aws * 1000:8.0f} ms: {aws / whoami:6.1f} times (aim 50)",
                    end="",
                )
            print()
        finally:
            process.terminate()
            process.wait(timeout=20)
            recorder.end()


main()
