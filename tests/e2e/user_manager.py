"""A user manager of systemd of the test's own: the real program, in a mount namespace where it
believes that systemd booted, and in a control group of its own.

It wants root and cgroup2; where either is missing, or the manager does not come up, the tests are
skipped with the reason. Its runtime folder is an ordinary one, so that `systemctl --user` and
defangctl reach it from outside.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

import kit

MANAGER = "/lib/systemd/systemd"
PREPARE = """
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p -m 755 /run/systemd/system
# what the system's manager makes, and a manager of root uses: nodes that nobody may read
mkdir -m 0 -p /run/systemd/inaccessible/dir
chmod 755 /run/systemd /run/systemd/inaccessible
touch /run/systemd/inaccessible/reg
chmod 0 /run/systemd/inaccessible/*
mount -t cgroup2 none /sys/fs/cgroup
exec "$0" --user
"""


def cgroup2() -> pathlib.Path | None:
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        if line.split()[2] == "cgroup2":
            return pathlib.Path(line.split()[1])
    return None


class Manager:
    def __init__(self, home: pathlib.Path, runtime: pathlib.Path) -> None:
        self.home, self.runtime = home, runtime
        top = cgroup2()
        if os.geteuid() != 0 or not top or not pathlib.Path(MANAGER).exists():
            pytest.skip("a user manager of its own wants root, cgroup2 and systemd")
        self.group = top / f"defang-test-{os.getpid()}-{time.monotonic_ns()}"
        try:
            self.group.mkdir()
        except OSError as error:
            pytest.skip(f"no control group for a user manager: {error}")
        self.env = {
            **kit.clean_environment(home),
            "XDG_RUNTIME_DIR": str(runtime),
            "SYSTEMD_LOG_TARGET": "console",
        }
        join = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
        unshare = ["unshare", "--mount", "--cgroup", "bash", "-c", PREPARE, MANAGER]
        self.log = home / "manager.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["bash", "-c", join, str(self.group), *unshare],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            kit.wait_for(
                lambda: (
                    self.process.poll() is not None or "running" in self.ctl("is-system-running")
                )
            )
            up = self.process.poll() is None
        except AssertionError:
            up = False
        if not up:
            said = self.log.read_text(errors="replace")[-500:]
            self.end()
            pytest.skip(f"no user manager of systemd runs here: {said}")

    @property
    def inside(self) -> list[str]:
        """systemctl works only where systemd booted."""
        # another mount namespace begins at its root
        enter = 'exec nsenter -t "$0" -m -- sh -c \'cd "$0" && exec "$@"\' "$PWD" "$@"'
        return ["sh", "-c", enter, str(self.process.pid)]

    def ctl(self, *words: str) -> str:
        done = subprocess.run(
            [*self.inside, "systemctl", "--user", "--no-pager", *words],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout + done.stderr

    def property(self, name: str, unit: str = "defangd.service") -> str:
        return self.ctl("show", "-p", name, "--value", unit).strip()

    def units(self, *, hardened: bool = False, drop_in: str = "") -> None:
        """Our units as they are installed, with the drop-in that ships or one of the test's."""
        folder = self.home / ".config/systemd/user"
        more = folder / "defangd.service.d"
        more.mkdir(parents=True, exist_ok=True)
        source = kit.ROOT / "systemd"
        text = (source / "defangd.service.in").read_text().replace("@DEFANGD@", str(kit.DEFANGD))
        (folder / "defangd.service").write_text(text)
        shutil.copy(source / "defangd.socket", folder)
        # LeakSanitizer looks at its process as a debugger does, which the filter forbids
        (more / "10-test.conf").write_text(
            f"[Service]\nEnvironment=ASAN_OPTIONS=detect_leaks=0\n{drop_in}\n"
        )
        if hardened:
            shutil.copy(source / "hardened.conf", more)
        self.ctl("daemon-reload")

    def end(self) -> None:
        self.ctl("stop", "defangd.socket", "defangd.service")
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for _ in range(100):  # only what this manager started is in there
            procs = [p for f in self.group.rglob("cgroup.procs") for p in f.read_text().split()]
            for pid in procs:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            if not procs:
                break
            time.sleep(0.05)
        for folder in sorted(self.group.rglob("*/"), reverse=True):
            if folder.is_dir():
                folder.rmdir()
        self.group.rmdir()
