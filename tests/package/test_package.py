"""The Debian package builds, lintian has nothing to say, and it holds what an installation needs;
what `meson install` puts somewhere `ninja uninstall` takes away."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = os.environ.get("BUILD", "")

WANTED = [
    *("bin/defangctl", "bin/defangd", "lib/systemd/user/defangd.service"),
    *("lib/systemd/user/defangd.socket", "share/man/man1/defangctl.1", "share/man/man1/defangd.1"),
    *("share/bash-completion/completions/defangctl", "share/doc/defang/README.md"),
    *("share/doc/defang/SECURITY.md", "share/doc/defang/docs/ARCHITECTURE.md"),
    *("share/doc/defang/examples/shop/compose.yaml", "share/defang/hardened.conf"),
]


def run(*words: str, **more: str) -> str:
    done = subprocess.run(
        words,
        env={**os.environ, **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=550,
    )
    if done.returncode:
        raise AssertionError(f"{words} ended with {done.returncode}:\n{done.stdout[-6000:]}")
    return done.stdout


def files(folder: pathlib.Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir()}


class Package(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_deb(self) -> None:
        deb = run(str(ROOT / "scripts" / "package"), str(self.folder)).splitlines()[-1]
        run("dpkg-deb", "-x", deb, str(self.folder / "out"))
        found = files(self.folder / "out" / "usr")
        pages = {name + ".gz" if "/man/" in name else name for name in WANTED}
        self.assertEqual(pages - found, set())
        self.assertIn("share/zsh/vendor-completions/_defangctl", found)
        self.assertEqual({f.split("/")[0] for f in found}, {"bin", "lib", "share"})
        for program in ("defangd", "defangctl"):
            said = run(str(self.folder / "out" / "usr" / "bin" / program), "--version")
            self.assertRegex(said, rf"^{program} \d+\.\d+\.\d+(\+g[0-9a-f]+)?\n")
        package = re.search(r"defang_([^_]+)_", deb)
        assert package
        self.assertTrue(said.startswith(f"defangctl {package[1]}\n"), (said, deb))

    @unittest.skipUnless(BUILD, "no build folder is named: meson test --suite package")
    def test_uninstall(self) -> None:
        run("meson", "install", "-C", BUILD, "--no-rebuild", DESTDIR=str(self.folder))
        found = files(self.folder)
        prefix = str(pathlib.Path("usr/local"))
        for name in [*WANTED, "share/zsh/site-functions/_defangctl"]:
            self.assertTrue(
                any(f.endswith(f"{prefix}/{name}") for f in found), f"{name} is not installed"
            )
        run("ninja", "-C", BUILD, "uninstall", DESTDIR=str(self.folder))
        self.assertEqual(files(self.folder), set())


if __name__ == "__main__":
    unittest.main()
