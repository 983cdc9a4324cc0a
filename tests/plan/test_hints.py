"""Hints are tried: a mistake, what its hint says, and the file as somebody leaves it who
does that. The finding is there before and gone after.
"""

import pathlib
import tempfile
import unittest

from lib import Refused, tool

HEAD = "name: h\nservices:\n  a:\n    image: nginx\n"
SIZE = "    deploy: {resources: {reservations: {memory: 1G}}}\n"
STORE = "name: h\nservices:\n  db:\n    image: postgres:16\n    x-defang-postgres: true\n"

# finding, hint, before, after
ROWS = (
    (
        "is not a duration|must be a text",
        "Say the unit: 10s.",
        "    healthcheck: {test: [CMD, x], interval: 10}\n",
        "    healthcheck: {test: [CMD, x], interval: 10s}\n",
    ),
    ("must be a text", 'Put it in quotes: "7".', "    hostname: 7\n", '    hostname: "7"\n'),
    (
        "profile is not active",
        "required: false",
        "    depends_on: {b: {condition: service_started}}\n  b: {image: x, profiles: [p]}\n",
        "    depends_on: {b: {condition: service_started, required: false}}\n"
        "  b: {image: x, profiles: [p]}\n",
    ),
    (
        "variable TAG is not set",
        "give a default: ${TAG:-",
        "    ports: ['${TAG}:80']\n",
        "    ports: ['${TAG:-8080}:80']\n",
    ),
    (
        "leaves the image's CMD to run alone",
        "Add command:",
        "    entrypoint: ''\n",
        "    entrypoint: ''\n    command: [nginx]\n",
    ),
    (
        "is no secret of Secrets Manager",
        "or /db.",
        "    secrets: [s]\nsecrets: {s: {external: true, name: 'arn:aws:s3:::x'}}\n",
        "    secrets: [s]\nsecrets: {s: {external: true, name: /db}}\n",
    ),
    (
        "draws from config",
        "name: /",
        "    secrets: [my-key]\nsecrets: {my-key: {external: true}}\n",
        "    secrets: [my-key]\nsecrets: {my-key: {external: true, name: /my-key}}\n",
    ),
    (
        "without provisioned_throughput",
        "provisioned_throughput: 64",
        "    volumes: ['dd:/d']\nvolumes: {dd: {driver_opts: {throughput_mode: provisioned}}}\n",
        "    volumes: ['dd:/d']\nvolumes: {dd: {driver_opts: "
        "{throughput_mode: provisioned, provisioned_throughput: 64}}}\n",
    ),
    (
        "x-defang-timeout must be a time",
        "x-defang-timeout: 90m",
        "    restart: 'no'\n    x-defang-timeout: long\n",
        "    restart: 'no'\n    x-defang-timeout: 90m\n",
    ),
    (
        "inside the VPC only",
        "x-defang-llm: {public: true}",
        "    x-defang-llm: true\n    ports: [{target: 81, mode: host}]\n",
        "    x-defang-llm: {public: true}\n    ports: [{target: 81, mode: host}]\n",
    ),
    (
        "is lost when the task ends",
        "Name the volume",
        "    volumes: [/data]\n",
        "    volumes: ['data:/data']\nvolumes: {data: {}}\n",
    ),
    (
        "tasks run in UTC",
        "Remove the mount",
        "    volumes: ['/etc/localtime:/etc/localtime']\n",
        "    environment: {TZ: Europe/Berlin}\n",
    ),
)
STORES = (
    (
        "needs POSTGRES_PASSWORD",
        "`POSTGRES_PASSWORD: ${POSTGRES_PASSWORD}`",
        "",
        "    environment: {POSTGRES_PASSWORD: '${POSTGRES_PASSWORD}'}\n",
    ),
    (
        "has 5 characters",
        "`POSTGRES_PASSWORD: ${POSTGRES_PASSWORD}`",
        "    environment: {POSTGRES_PASSWORD: short}\n",
        "    environment: {POSTGRES_PASSWORD: '${POSTGRES_PASSWORD}'}\n",
    ),
    (
        "in clear",
        "`POSTGRES_PASSWORD: ${DB_POSTGRES_PASSWORD}`",
        "    environment: {POSTGRES_PASSWORD: long-enough}\n",
        "    environment: {POSTGRES_PASSWORD: '${DB_POSTGRES_PASSWORD}'}\n",
    ),
)


def said(text: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "compose.yaml"
        path.write_text(text)
        try:
            return tool("--check", path)[1]
        except Refused as e:
            return str(e)


class Hints(unittest.TestCase):
    def test_applied(self) -> None:
        rows = [(HEAD + SIZE, row) for row in ROWS] + [(STORE + SIZE, row) for row in STORES]
        for head, (findings, hint, before, after) in rows:
            with self.subTest(hint):
                first, second = said(head + before), said(head + after)
                self.assertTrue(any(f in first for f in findings.split("|")), first)
                self.assertIn(hint, first)
                self.assertFalse(any(f in second for f in findings.split("|")), second)
                self.assertNotIn("error:", second)


if __name__ == "__main__":
    unittest.main()
