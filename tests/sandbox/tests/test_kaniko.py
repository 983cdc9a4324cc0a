"""The Kaniko stand-in, run by a task as a build would be.

A context is uploaded, a task run with the executor's flags, and the log, the exit code and the
pushed manifest looked at. Builds fail for each reason that a person may meet: flags, Dockerfiles,
missing sources, archives, permissions, repositories; and when the sandbox is told so.
"""

import hashlib
import json

import pytest

from sandbox_kit import ACCOUNT, REGION, archive

DESTINATION = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/kaniko-tests/kaniko-build"
GOOD = {
    "Dockerfile": (
        "FROM node:20 AS base\nWORKDIR /app\nCOPY package.json .\nRUN npm ci \\\n  --omit=dev\n"
        "FROM node:20-slim\nCOPY --from=base /app /app\nCOPY src /app\n"
    ),
    "package.json": "{}",
    "src/a.js": "1",
}


@pytest.fixture(scope="module")
def builder(kit, ground):
    s3, ecr = kit.client("s3"), kit.client("ecr")
    s3.create_bucket(Bucket="contexts", CreateBucketConfiguration={"LocationConstraint": REGION})
    ecr.create_repository(repositoryName="kaniko-tests/kaniko-build")
    role = ground.iam.create_role(
        RoleName="kaniko",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}),
    )["Role"]["Arn"]
    ground.iam.put_role_policy(
        RoleName="kaniko",
        PolicyName="p",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "s3:GetObject",
                        "Resource": "arn:aws:s3:::contexts/uploads/*",
                    },
                    {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"},
                ],
            }
        ),
    )
    definition = ground.define(
        "kaniko",
        {"name": "kaniko", "image": "ghcr.io/osscontainertools/kaniko:v1.25.0"},
        taskRoleArn=role,
    )

    def build(data, tag, *flags, key="uploads/a.tar.gz", environment=None):
        s3.put_object(Bucket="contexts", Key=key, Body=data)
        command = [
            "--context",
            f"s3://contexts/{key}",
            "--destination",
            f"{DESTINATION}:{tag}",
            "--reproducible",
            *flags,
        ]
        arn = ground.run(
            definition,
            overrides={
                "containerOverrides": [
                    {
                        "name": "kaniko",
                        "command": command,
                        "environment": [
                            {"name": n, "value": v} for n, v in (environment or {}).items()
                        ],
                    }
                ]
            },
        )
        task = ground.stopped(arn)
        return task["containers"][0]["exitCode"], ground.lines(
            f"kaniko/kaniko/{arn.split('/')[-1]}"
        )

    return build


def test_build_pushes_what_it_says(kit, builder):
    code, lines = builder(archive(GOOD), "web-1")
    assert code == 0, lines
    assert any(line.endswith("] RUN npm ci --omit=dev") for line in lines)
    ecr = kit.client("ecr")
    image = ecr.batch_get_image(
        repositoryName="kaniko-tests/kaniko-build", imageIds=[{"imageTag": "web-1"}]
    )["images"][0]
    digest = "sha256:" + hashlib.sha256(image["imageManifest"].encode()).hexdigest()
    assert image["imageId"]["imageDigest"] == digest and lines[-1].endswith(f"@{digest}")
    assert (
        ecr.describe_images(
            repositoryName="kaniko-tests/kaniko-build", imageIds=[{"imageTag": "web-1"}]
        )["imageDetails"][0]["imageDigest"]
        == digest
    )
    assert builder(archive(GOOD), "web-1")[0] == 0


@pytest.mark.parametrize(
    "files,flags,text",
    [
        ({"Dockerfile": "FROM a\nRUN echo x && exit 7\n"}, (), "exit status 7"),
        (
            {"Dockerfile": "FROM a\nCOPY nope /\n"},
            (),
            "lstat /kaniko/buildcontext/nope: no such file or directory",
        ),
        ({"Dockerfile": "FROM a\nRUNN x\n"}, (), "unknown instruction: RUNN"),
        ({"other": "x"}, (), "please provide a valid path to a Dockerfile"),
        (
            {
                "context/a": "x",
                "contexts/0/b": "y",
                "defang.Dockerfile": "FROM scratch AS s\nCOPY ../contexts/0 /\nFROM a\n"
                "COPY --from=s b /\nCOPY a /\nCOPY nope /\n",
            },
            ("--context-sub-path=context", "--dockerfile=../defang.Dockerfile"),
            "lstat /kaniko/buildcontext/context/nope: no such file or directory",
        ),
        (GOOD, ("--context", "git://github.com/acme/none.git"), "repository not found"),
        (GOOD, ("--context", "git://me:x@github.com/acme/none.git"), "credentials"),
        (GOOD, ("--context", "git://github.com/acme/none.git#main"), "couldn't find remote ref"),
        (GOOD, ("--bogus",), "Error: unknown flag: --bogus"),
        (GOOD, ("--target", "none"), "none is not a valid target build stage"),
        ({"/etc/passwd": "x", **GOOD}, (), "leads out of the context"),
    ],
)
def test_builds_that_fail(builder, files, flags, text):
    code, lines = builder(archive(files), "bad", *flags)
    assert code == 1 and text in lines[-1]


@pytest.mark.parametrize(
    "switches,code,text",
    [
        ({"FF_KANIKO_COPY_AS_ROOT": "true"}, 0, "Pushed"),
        ({"FF_KANIKO_COPY_AS_ROT": "true"}, 1, "not recognised by this version"),
        ({"FF_KANIKO_COPY_AS_ROOT": "yes"}, 1, "no boolean"),
    ],
)
def test_switches_are_known(builder, switches, code, text):
    ended, lines = builder(archive(GOOD), "switches", environment=switches)
    assert ended == code and text in lines[-1]


def test_a_heredoc_is_expanded_where_asked_for(builder):
    files = {"Dockerfile": "FROM a\nARG V=1\nCOPY <<EOF /etc/x\nv=${V}\nEOF\n"}
    on = {"FF_KANIKO_EXPAND_HEREDOC": "true"}
    digests = [
        builder(archive(files), "heredoc", *flags, environment=switches)[1][-1].rpartition("@")[2]
        for flags, switches in (
            ((), {}),
            (("--build-arg=V=2",), {}),
            ((), on),
            (("--build-arg=V=2",), on),
        )
    ]
    assert len(set(digests)) == 4


def test_bad_archive_permission_and_repository(builder):
    code, lines = builder(b"no gzip", "bad")
    assert code == 1 and "error resolving source context" in lines[-1]
    code, lines = builder(archive(GOOD), "bad", key="elsewhere/a.tar.gz")
    assert code == 1 and "AccessDenied" in lines[-1]
    code, lines = builder(
        archive(GOOD), "bad", "--destination", f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/none:1"
    )
    assert code == 1 and "NAME_UNKNOWN" in lines[-1]


def test_behaviour_fails_once(kit, builder):
    kit.control(
        "POST",
        "behaviour",
        {"builds": {":flaky$": {"fail_times": 1, "exit": 9, "log": ["npm ERR! code E500"]}}},
    )
    code, lines = builder(archive(GOOD), "flaky")
    assert code == 9 and any(line.endswith("] npm ERR! code E500") for line in lines)
    assert builder(archive(GOOD), "flaky")[0] == 0


@pytest.mark.parametrize(
    "image,yes",
    [
        ("ghcr.io/osscontainertools/kaniko:v1.25.0", True),
        ("gcr.io/kaniko-project/executor@sha256:00", True),
        ("localhost:5000/kaniko", True),
        (f"{DESTINATION}@sha256:00", False),
        (f"{DESTINATION}:api-1", False),
        ("nginx", False),
    ],
)
def test_what_is_built_is_no_builder(image, yes):
    from sandbox.kaniko import is_executor

    assert is_executor(image) is yes


def test_lifecycle_rules_act_by_priority():
    from sandbox.ecr_lifecycle import expired

    class Image:
        def __init__(self, pushed, *tags):
            self.image_pushed_at, self.image_tags = pushed, list(tags)

    def rule(priority, count, number, *prefixes):
        status = "tagged" if prefixes else "untagged"
        unit = {"countUnit": "days"} if count == "sinceImagePushed" else {}
        selection = {"tagStatus": status, "countType": count, "countNumber": number, **unit}
        if prefixes:
            selection["tagPrefixList"] = list(prefixes)
        return {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}

    policy = json.dumps(
        {
            "rules": [
                rule(3, "imageCountMoreThan", 1, "web-"),
                rule(1, "imageCountMoreThan", 100, "Kept-"),
                rule(2, "sinceImagePushed", 1),
            ]
        }
    )
    kept, old, new = Image(0, "web-1", "Kept-1"), Image(10, "web-2"), Image(20, "web-3")
    loose, fresh = Image(0), Image(90_000)
    images = [kept, old, new, loose, fresh]
    assert expired(policy, images, 100_000) == [loose, old]
    assert expired(policy, images, 10**9) == [fresh, loose, old]  # the youngest first
