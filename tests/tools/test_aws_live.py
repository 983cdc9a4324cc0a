#!/usr/bin/env python3
"""Drives aws_probe against a really started sandbox: each wire protocol once there and back,
errors, paging, signature, clock.

    DEFANG_BUILD=build python3 tests/tools/test_aws_live.py
Exit 77 (meson: skipped) where moto is not installed.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROBE = (
    pathlib.Path(os.environ.get("DEFANG_BUILD", ROOT / "build")) / "tests" / "tools" / "aws_probe"
)


def start_sandbox(folder):
    state = pathlib.Path(folder) / "state.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0", "--state-file", str(state), "--fast"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        stdout=subprocess.DEVNULL,
    )
    for _ in range(300):
        if state.exists() and state.read_text().strip():
            return process, json.loads(state.read_text())
        if process.poll() is not None:
            raise RuntimeError("the sandbox ended")
        time.sleep(0.1)
    process.terminate()
    raise RuntimeError("the sandbox does not listen")


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.process, cls.state = start_sandbox(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.process.terminate()
        cls.process.wait(10)
        cls.folder.cleanup()

    def probe(self, operation, params=None, *flags, **env):
        base = {
            "PATH": os.environ["PATH"],
            "HOME": self.folder.name,
            "AWS_REGION": "us-west-2",
            "AWS_ENDPOINT_URL": self.state["url"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": self.state["access_key"],
            "AWS_SECRET_ACCESS_KEY": self.state["secret_key"],
        }
        base.update(env)
        return subprocess.run(
            [str(PROBE), operation, json.dumps(params or {}), *flags],
            capture_output=True,
            text=True,
            timeout=60,
            env={k: v for k, v in base.items() if v is not None},
        )

    def ok(self, operation, params=None, *flags, **env):
        done = self.probe(operation, params, *flags, **env)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def fails(self, code, exit_code, operation, params=None, **env):
        done = self.probe(operation, params, **env)
        self.assertEqual(done.returncode, exit_code, done.stdout + done.stderr)
        self.assertIn(code, done.stderr)

    def test_query(self):
        self.assertEqual(self.ok("sts.GetCallerIdentity")["Account"], "123456789012")
        self.fails("ValidationError", 4, "cloudformation.DescribeStacks", {"StackName": "none"})
        self.fails("NoSuchEntity", 4, "iam.GetRole", {"RoleName": "none"})

    def test_ec2(self):
        vpcs = self.ok("ec2.DescribeVpcs", {}, "--all")
        self.assertTrue(any(v["IsDefault"] for v in vpcs))
        self.fails("InvalidVpcID.NotFound", 4, "ec2.DescribeVpcs", {"VpcIds": ["vpc-0000"]})

    def test_json(self):
        for i in range(12):
            self.ok(
                "ssm.PutParameter",
                {"Name": f"/live/{i}", "Value": "geheim ü", "Type": "SecureString"},
            )
        self.assertEqual(
            self.ok("ssm.GetParameter", {"Name": "/live/3", "WithDecryption": True})["Parameter"][
                "Value"
            ],
            "geheim ü",
        )
        self.assertEqual(
            len(self.ok("ssm.GetParametersByPath", {"Path": "/live", "MaxResults": 5}, "--all")), 12
        )
        self.fails("ParameterNotFound", 4, "ssm.GetParameter", {"Name": "/none"})

    def test_rest_xml(self):
        self.assertEqual(self.ok("route53.ListHostedZonesByName")["HostedZones"], [])
        self.fails("404", 4, "s3.HeadBucket", {"Bucket": "no-such-bucket-here"})

    def bucket(self, name):
        import boto3

        boto3.client(
            "s3",
            region_name="us-west-2",
            endpoint_url=self.state["url"],
            aws_access_key_id=self.state["access_key"],
            aws_secret_access_key=self.state["secret_key"],
        ).create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})

    def test_upload_in_parts(self):
        """Every way to vouch for a part; the sandbox checks trailers and checksums."""
        self.bucket("live-parts")
        path = pathlib.Path(self.folder.name) / "parts"
        path.write_bytes(bytes(range(256)) * (17 << 12) + b"rest")
        for payload in ("hashed", "unsigned-trailer"):
            for checksum in ("CRC32", "CRC64NVME"):
                key = f"{payload}-{checksum}"
                self.ok(
                    "s3.Upload",
                    {
                        "Bucket": "live-parts",
                        "Key": key,
                        "Path": str(path),
                        "Payload": payload,
                        "Checksum": checksum,
                    },
                )
                self.assertEqual(
                    self.ok("s3.HeadObject", {"Bucket": "live-parts", "Key": key})["ContentLength"],
                    path.stat().st_size,
                    key,
                )

    def test_signature(self):
        self.fails(
            "SignatureDoesNotMatch", 3, "sts.GetCallerIdentity", AWS_SECRET_ACCESS_KEY="wrong"
        )
        self.fails("Partial credentials", 3, "sts.GetCallerIdentity", AWS_SECRET_ACCESS_KEY=None)
        self.fails(
            "Unable to locate credentials", 3, "sts.GetCallerIdentity", AWS_ACCESS_KEY_ID=None
        )

    def test_profile(self):
        folder = pathlib.Path(self.folder.name) / ".aws"
        folder.mkdir(exist_ok=True)
        (folder / "config").write_text(
            f"[profile live]\nregion = eu-west-1\nendpoint_url = {self.state['url']}\n"
            f"aws_access_key_id = {self.state['access_key']}\n"
            f"aws_secret_access_key = {self.state['secret_key']}\n"
        )
        reply = self.ok(
            "sts.GetCallerIdentity",
            AWS_PROFILE="live",
            AWS_ACCESS_KEY_ID=None,
            AWS_SECRET_ACCESS_KEY=None,
            AWS_REGION=None,
            AWS_ENDPOINT_URL=None,
        )
        self.assertEqual(reply["Account"], "123456789012")


if __name__ == "__main__":
    try:
        import moto  # noqa: F401
    except ImportError:
        print("SKIPPED: moto is not installed; the live calls against the sandbox are left out")
        sys.exit(77)
    unittest.main(verbosity=1)
