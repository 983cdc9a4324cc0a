"""What is there, seen from outside: by boto3 and by the sandbox's journal, without a word of the
programs under test. Names of a project, ids of deployments and moments are written out of it, so
that two projects that went the same way look the same.
"""

from __future__ import annotations

import json
import re
from typing import Any

import kit

PLAIN = [
    (re.compile(r"sha256:[0-9a-f]{64}"), "sha256:IMAGE"),
    (re.compile(r"\b(defang-cd-[A-Za-z]+)-[0-9A-Za-z]{12}\b"), r"\1"),  # of this account
    (re.compile(r"[0-9a-f]{32}"), "TASK"),
    (re.compile(r"^[0-9a-f]{16}$"), "HASH"),  # of a service: its project is in it
    (re.compile(r"-[0-9a-f]{7}$"), "-HASH"),
    (re.compile(r"/[0-9a-f]{12}\b"), "/HASH"),
    (re.compile(r"-[0-9a-f]{8}$"), "-DIGEST"),
    (re.compile(r"\d{4}-?\d\d-?\d\d[T-]?\d\d:?\d\d:?\d\d(\.\d+)?Z?"), "MOMENT"),
]


class Outside:
    def __init__(self, sandbox: kit.Sandbox, project: str, region: str = kit.REGION) -> None:
        self.sandbox, self.project, self.region = sandbox, project, region
        self.known: dict[str, Any] = CLIENTS.setdefault(sandbox.url, {})

    def client(self, service: str) -> Any:
        where = f"{service} {self.region}"
        if where not in self.known:
            self.known[where] = self.sandbox.client(service, self.region)
        return self.known[where]

    @property
    def stack_name(self) -> str:
        return f"Defang-{self.project}-beta" if self.project else "defang-cd"

    def picture(self, mark: int, deployments: list[str]) -> dict[str, Any]:
        """All of it since `mark` of the journal."""
        found = {
            "stacks": self.stacks(),
            "template": self.template(),
            "change sets": self.change_sets(),
            "running": self.running(),
            "started": self.started(mark),
            "uploads": self.uploads(),
            "objects": self.objects(),
            "parameters": self.parameters(),
            "images": self.images(),
            "stores": self.stores(),
        }
        return dict(self.plain(found, deployments))

    def plain(self, value: Any, deployments: list[str]) -> Any:
        """Without what is another in each run of the same thing."""
        if isinstance(value, dict):
            return {
                self.plain(k, deployments): self.plain(v, deployments) for k, v in value.items()
            }
        if isinstance(value, list):
            return [self.plain(v, deployments) for v in value]
        if not isinstance(value, str):
            return value
        for id in deployments:
            value = value.replace(id, "DEPLOYMENT")
        if self.project:
            value = value.replace(self.project, "PROJECT")
        for what, name in PLAIN:
            value = what.sub(name, value)
        return value

    def stacks(self) -> list[str]:
        """Of all that ever had the name."""
        pages = self.client("cloudformation").get_paginator("list_stacks").paginate()
        return sorted(
            s["StackStatus"]
            for page in pages
            for s in page["StackSummaries"]
            if s["StackName"] == self.stack_name
            and (self.project or s["StackStatus"] != "DELETE_COMPLETE")  # of earlier runs
        )

    def exists(self) -> bool:
        return any(s != "DELETE_COMPLETE" for s in self.stacks())

    def template(self) -> Any:
        if not self.exists():
            return None
        body = self.client("cloudformation").get_template(StackName=self.stack_name)
        template = body["TemplateBody"]
        template = json.loads(template) if isinstance(template, str) else template
        # where the files lie is another folder in each run
        defang = template.get("Metadata", {}).get("Defang", {})
        defang.pop("origin", None)
        return template

    def change_sets(self) -> list[str]:
        """Those that wait for somebody."""
        if not self.exists():
            return []
        listed = self.client("cloudformation").list_change_sets(StackName=self.stack_name)
        return sorted(
            f"{c['Status']} {c['ExecutionStatus']}"
            for c in listed["Summaries"]
            if c["ExecutionStatus"] not in ("EXECUTE_COMPLETE", "OBSOLETE")
        )

    def running(self) -> list[str]:
        """Tasks that are there or are to be, by what they run."""
        ecs, found = self.client("ecs"), []
        for cluster in ecs.list_clusters()["clusterArns"]:
            tasks = [
                t
                for wanted in ("RUNNING",)
                for t in ecs.list_tasks(cluster=cluster, desiredStatus=wanted)["taskArns"]
            ]
            for task in ecs.describe_tasks(cluster=cluster, tasks=tasks)["tasks"] if tasks else []:
                found.append(task["taskDefinitionArn"].split("/")[-1].split(":")[0])
        return sorted(f for f in found if not self.project or self.project in f or "defang" in f)

    def started(self, mark: int) -> list[str]:
        """Tasks that were asked for: the same token is the same task."""
        runs = {}
        for entry in self.sandbox.journal(mark, "ecs", "RunTask"):
            if entry["error"]:
                continue
            params = entry["params"]
            family = str(params["taskDefinition"]).split("/")[-1].split(":")[0]
            container = params.get("overrides", {}).get("containerOverrides", [{}])[0]
            command = " ".join(container.get("command") or [])
            context = re.search(r"--destination[= ](\S+)", command)
            runs[params["clientToken"]] = f"{family} {context[1] if context else ''}"
        return sorted(runs.values())

    def buckets(self) -> list[str]:
        return [b["Name"] for b in self.client("s3").list_buckets()["Buckets"]]

    def uploads(self) -> list[str]:
        s3 = self.client("s3")
        return [
            u["Key"]
            for bucket in self.buckets()
            for u in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        ]

    def objects(self) -> list[str]:
        """What the project has in buckets, without what failures leave for 90 days."""
        s3, found = self.client("s3"), []
        for bucket in self.buckets():
            kind = "cd" if bucket.startswith("defang-cd") else "own"
            if kind == "own" and self.project and self.project not in bucket:
                continue
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                found += [f"{kind} {o['Key']}" for o in page.get("Contents", [])]
        mine = [o for o in found if self.project and (o.startswith("own") or self.project in o)]
        return sorted(o for o in mine if "/history/" not in o and " history/" not in o)

    def parameters(self) -> list[str]:
        pages = self.client("ssm").get_paginator("describe_parameters").paginate()
        return sorted(
            p["Name"]
            for page in pages
            for p in page["Parameters"]
            if p["Name"].startswith(f"/Defang/{self.project}/")
        )

    def images(self) -> list[str]:
        ecr, found = self.client("ecr"), []
        for repository in ecr.describe_repositories()["repositories"]:
            name = repository["repositoryName"]
            if not self.project or not name.startswith(self.project):
                continue
            details = ecr.describe_images(repositoryName=name)["imageDetails"]
            found += [f"{name} {sorted(d.get('imageTags', []))}" for d in details]
        return sorted(found)

    def stores(self) -> list[str]:
        if not self.project:
            return []
        rds = self.client("rds")
        found = [
            f"{d['DBInstanceIdentifier']} {d['DBInstanceStatus']} {d['DeletionProtection']}"
            for d in rds.describe_db_instances()["DBInstances"]
        ] + [
            f"{s['DBSnapshotIdentifier']} {s['Status']}"
            for s in rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
        ]
        return sorted(f for f in found if self.project in f)


CLIENTS: dict[str, dict[str, Any]] = {}


def differences(wanted: Any, found: Any, where: str = "") -> list[str]:
    """A line for each place where they differ."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        told = []
        for key in sorted(set(wanted) | set(found)):
            told += differences(wanted.get(key), found.get(key), f"{where}/{key}")
        return told
    if wanted == found:
        return []
    if isinstance(wanted, list) and isinstance(found, list):
        if len(wanted) == len(found) and all(isinstance(w, dict) for w in wanted):
            pairs = zip(wanted, found, strict=True)
            return [t for i, (w, f) in enumerate(pairs) for t in differences(w, f, f"{where}/{i}")]
        few = [w for w in wanted if wanted.count(w) > found.count(w)]
        more = [f for f in found if found.count(f) > wanted.count(f)]
        return [f"{where}: missing {json.dumps(few)[:300]}, too many {json.dumps(more)[:300]}"]
    return [f"{where}: undisturbed {json.dumps(wanted)[:200]}, here {json.dumps(found)[:200]}"]
