"""What is disturbed: a project (or the account) and the commands of its life. Each command is one
phase; a kill may be in each of them.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import kit
from outside import Outside
from world import World


@dataclass
class Run:
    """One life of a project: where it lies and how it looks from outside."""

    world: World
    folder: pathlib.Path
    outside: Outside
    mark: int = 0
    canceled: bool = False


Act = Callable[[Run], None]


@dataclass
class Phase:
    name: str
    arguments: list[str]
    before: Act | None = None  # by a daemon that nobody kills
    during: Callable[[Run], bool] | None = None
    after: Act | None = None


@dataclass
class Scenario:
    name: str
    make: Callable[[pathlib.Path, str], None]
    phases: list[Phase]
    project: bool = True  # false: it is about the account
    waits: dict[str, float] = field(default_factory=dict)
    slow: bool = False  # each run of it is long: few of them in the normal suite


def copy(name: str) -> Callable[[pathlib.Path, str], None]:
    def make(folder: pathlib.Path, project: str) -> None:
        kit.copy_project(name, folder, project=project)

    return make


def edit(old: str, new: str, file: str = "compose.yaml") -> Act:
    def act(run: Run) -> None:
        kit.edit(run.folder, old, new, file)

    return act


def config(text: str) -> Act:
    def act(run: Run) -> None:
        run.world.run("config", "set", text, cwd=run.folder).ok()

    return act


def pages(folder: pathlib.Path, project: str) -> None:
    (folder / "dist").mkdir(parents=True)
    (folder / "dist/index.html").write_text("<h1>one</h1>")
    (folder / "dist/note.txt").write_text("a")
    (folder / "compose.yaml").write_text(
        f"name: {project}\nservices:\n  site:\n    x-defang-static-files: {{folder: ./dist}}\n"
    )


def change_pages(run: Run) -> None:
    (run.folder / "dist/note.txt").unlink()
    (run.folder / "dist/index.html").write_text("<h1>two</h1>")


def new_page(run: Run) -> None:
    (run.folder / "web/page.html").write_text("<h1>another</h1>\n")


def change_jobs(run: Run) -> None:
    kit.edit(run.folder, "echo migrating to 1", "echo migrating to 2")
    kit.edit(run.folder, 'VERSION: "1"', 'VERSION: "2"')


def cancel(run: Run) -> bool:
    """As soon as the stack is being made."""
    if not run.outside.sandbox.journal(run.mark, "cloudformation", "ExecuteChangeSet"):
        return False
    run.canceled = run.world.run("cancel", cwd=run.folder).code == 0
    return run.canceled


def nothing(folder: pathlib.Path, project: str) -> None:
    folder.mkdir()


DOWN = Phase("down", ["down", "--yes"])

SCENARIOS = [
    Scenario(
        "tiny",
        copy("tiny"),
        [
            Phase("up", ["up"]),
            Phase("change", ["up"], before=edit('PAUSE: "20"', 'PAUSE: "30"')),
            DOWN,
        ],
    ),
    Scenario(
        "slim",
        copy("slim"),
        [Phase("up", ["up"]), Phase("change", ["up"], before=new_page), DOWN],
    ),
    Scenario(
        "jobs",
        copy("jobs"),
        [
            Phase("up", ["up"], before=config("TOKEN=one")),
            Phase("change", ["up"], before=change_jobs),
            DOWN,
        ],
    ),
    Scenario(
        "pages",
        pages,
        [Phase("up", ["up"]), Phase("change", ["up"], before=change_pages), DOWN],
    ),
    Scenario(
        "kept",
        copy("kept"),
        [
            Phase("up", ["up"], before=config("DB_PASSWORD=first-s3cret")),
            Phase("down", ["down", "--yes-lose-data"]),
        ],
    ),
    Scenario(
        "account",
        nothing,
        [Phase("bootstrap", ["cd", "bootstrap"]), Phase("teardown", ["cd", "teardown"])],
        project=False,
    ),
    Scenario(
        "canceled",
        copy("tiny"),
        [Phase("cancel", ["up"], during=cancel)],
        waits={"ecs_steady": 3600.0},
    ),
    Scenario(
        "pulumi",
        copy("slim"),
        [Phase("up", ["up", "--engine", "pulumi"]), Phase("down", ["down", "--yes"])],
        slow=True,
    ),
]

BY_NAME = {s.name: s for s in SCENARIOS}

# Points of calls that no scenario has to reach: nobody makes the call, or it is no job's; or the
# way to it takes a fault of AWS or a kind of project that no scenario has. Those have tests without
# a kill, and are what to add here next.
ELSEWHERE = {
    r"cloudformation\.(CreateStack|UpdateStack)|ec2\.Revoke.*|route53\..*": "nobody calls it",
    r"(signin|oidc|sso).*": "a login, of a session and no job: unit/aws/test_login.c, tests/parity",
    r"cloudformation\.DeleteChangeSet": "what was refused: test_refusal.c, test_apply.c",
    r"cloudformation\.(CancelUpdateStack|RollbackStack)": "an update is canceled: test_cancel.c",
    r"cloudformation\.ContinueUpdateRollback": "unit/engine/test_endstates.c",
    r"cloudformation\.(UpdateTerminationProtection|DetectStackDrift)": "test_bootstrap.c, e2e",
    r"ecs\.StopTask": "a build or a one-off that is canceled: test_build.c, test_oneoff.c",
    r"s3\.(\w*Multipart\w*|UploadPart)": "a context of more than 8 MiB: e2e/test_shop.py",
    r"s3\.(DeleteObjects|DeleteBucket)": "e2e/test_static.py",
    r"rds\..*|elasticache\..*": "stores that are replaced: test_keep_stores.c, test_protect.py",
    r"secretsmanager\..*": "secrets of stores: tests/unit/engine",
    r"elasticfilesystem\..*|elasticloadbalancing\..*|logs\.DeleteLogGroup": "e2e, without a kill",
}


def elsewhere(operation: str) -> str:
    return next((why for p, why in ELSEWHERE.items() if re.fullmatch(p, operation)), "")
