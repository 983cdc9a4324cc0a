"""The archives of src/pack, read back with Python's tarfile and gzip.

usage: test_archive.py PACK_TOOL

What must hold: the same tree gives the same bytes whatever its times and owners; members are
sorted, belong to root, keep their modes and have one time; long and odd names come back as they
were; ignore files mean what Docker's mean; what cannot go along is said; memory does not grow with
the size of a file.
"""

import base64
import gzip
import hashlib
import json
import os
import socket
import subprocess
import sys
import tarfile
import tempfile
import unittest

TOOL = ""
MTIME = 315532800


class Archive(unittest.TestCase):
    def setUp(self):
        self.temp = tempfile.TemporaryDirectory()
        self.addCleanup(self.temp.cleanup)
        self.root = os.path.join(self.temp.name, "ctx")
        self.out = os.path.join(self.temp.name, "out.tar.gz")
        os.mkdir(self.root)

    def write(self, path, data=b"", mode=0o644):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        os.chmod(full, mode)
        return full

    def pack(self, *args, context=None):
        run = subprocess.run(
            [TOOL, context or self.root, self.out, *args],
            capture_output=True,
            text=True,
            timeout=110,
        )
        self.assertEqual(run.stderr, "")
        self.assertIn(run.returncode, (0, 1), run)
        return json.loads(run.stdout)

    def read(self):
        """name -> (kind, mode, content or target); checks what holds of every member."""
        found = {}
        with tarfile.open(self.out, "r:gz", format=tarfile.PAX_FORMAT) as tar:
            for m in tar:
                self.assertEqual(
                    (m.uid, m.gid, m.uname, m.gname, m.mtime), (0, 0, "", "", MTIME), m.name
                )
                self.assertNotIn(m.name, found)
                kind = "link" if m.issym() else "dir" if m.isdir() else "file"
                body = (
                    m.linkname if m.issym() else tar.extractfile(m).read() if m.isfile() else None
                )
                found[m.name] = (kind, m.mode, body)
        return found

    def names(self):
        """All but the folders that have something in them."""
        found = list(self.read())
        return [
            name
            for name, following in zip(found, [*found, ""][1:], strict=True)
            if not following.startswith(name + "/")
        ]

    def test_kinds_modes_and_order(self):
        self.write("Dockerfile", "FROM scratch\n", 0o600)
        self.write("a/run.sh", "#!/bin/sh\n", 0o700)
        self.write("a.txt", "x", 0o666)
        self.write("a-b", "", 0o411)
        self.write("b/c/d", b"\0" * 1025)
        os.makedirs(os.path.join(self.root, "empty/inner"))
        os.symlink("../outside", os.path.join(self.root, "escape"))
        os.symlink("/etc/passwd", os.path.join(self.root, "absolute"))
        os.symlink("a", os.path.join(self.root, "folder-link"))
        result = self.pack()
        self.assertEqual(
            self.read(),
            {
                "Dockerfile": ("file", 0o600, b"FROM scratch\n"),
                "a": ("dir", 0o755, None),
                "a/run.sh": ("file", 0o700, b"#!/bin/sh\n"),
                "a-b": ("file", 0o411, b""),
                "a.txt": ("file", 0o666, b"x"),
                "absolute": ("link", 0o777, "/etc/passwd"),
                "b": ("dir", 0o755, None),
                "b/c": ("dir", 0o755, None),
                "b/c/d": ("file", 0o644, b"\0" * 1025),
                "empty": ("dir", 0o755, None),
                "empty/inner": ("dir", 0o755, None),
                "escape": ("link", 0o777, "../outside"),
                "folder-link": ("link", 0o777, "a"),
            },
        )
        self.assertEqual(
            self.names(),
            [
                "Dockerfile",
                "a/run.sh",
                "a-b",
                "a.txt",
                "absolute",
                "b/c/d",
                "empty/inner",
                "escape",
                "folder-link",
            ],
        )
        self.assertEqual(result["files"], 8)
        self.assertEqual(result["content"], result["total"])
        with open(self.out, "rb") as f:
            data = f.read()
        sha = base64.b64encode(hashlib.sha256(data).digest()).decode()
        self.assertEqual(result["digest"], "sha256-" + sha)
        safe = "".join(c if c.isalnum() else "_" for c in sha)
        self.assertEqual(result["object"], f"uploads/sha256-{safe}.tar.gz")
        self.assertEqual(result["bytes"], len(data))
        self.assertEqual(data[:10], b"\x1f\x8b\x08\0\0\0\0\0\0\xff", "no name, no time, no system")

    def test_modes_are_kept_and_part_of_the_digest(self):
        modes = (0o600, 0o440, 0o777, 0o4755, 0o2755, 0o1644, 0o400)
        for mode in modes:
            self.write(f"f{mode:o}", "x", mode)
        os.makedirs(os.path.join(self.root, "private/full"), mode=0o755)
        self.write("private/full/f")
        os.chmod(os.path.join(self.root, "private"), 0o1770)
        before = self.pack()["digest"]
        found = self.read()
        for mode in modes:
            self.assertEqual(found[f"f{mode:o}"][1], mode)
        self.assertEqual(found["private"], ("dir", 0o1770, None))
        self.assertEqual(found["private/full"], ("dir", 0o755, None))
        os.chmod(os.path.join(self.root, "private"), 0o755)
        self.assertNotEqual(self.pack()["digest"], before)

    def test_folders_above_what_is_brought_back_keep_their_modes(self):
        self.write("out/deep/keep")
        self.write("out/deep/drop")
        self.write("gone/drop")
        os.chmod(os.path.join(self.root, "out"), 0o750)
        self.write(".dockerignore", "*\n!out/deep/keep\n")
        self.pack()
        found = self.read()
        self.assertEqual(list(found), [".dockerignore", "out", "out/deep", "out/deep/keep"])
        self.assertEqual(found["out"][1], 0o750)

    def test_files_of_secrets_are_named(self):
        for name in (".env.example", ".environment", "x.env", "a/.env.sample"):
            self.write(name)
        self.assertEqual(self.pack()["env"], "")
        self.write("a/.env.production")
        self.assertEqual(self.pack()["env"], "a/.env.production")
        self.write(".env")
        self.assertEqual(self.pack()["env"], ".env")

    def test_survive_36_keys_and_tokens_are_named(self):
        key = "-----BEGIN OPENSSH PRIVATE KEY-----\n"
        harmless = {
            "ca.pem": "-----BEGIN CERTIFICATE-----\n",
            "id_rsa.pub": "ssh-rsa AAAA\n",
            "id_card.png": b"\x89PNG\0PRIVATE",
            ".npmrc": "registry=https://npm.acme.io\n",
            "app/credentials": "aws_secret_access_key = x\n",
            "key.example.pem": key,
            "config.json": '{"auth": 1}',
        }
        for name, text in harmless.items():
            self.write(name, text)
        self.assertEqual(self.pack()["env"], "")
        for name, text in {
            "id_ed25519": key,
            "tls/server.key": key.replace("OPENSSH ", ""),
            "server.pem": key,
            "store.p12": b"\0",
            ".npmrc": "//npm.acme.io/:_authToken=npm_x\n",
            "home/.aws/credentials": "[default]\naws_secret_access_key = x\n",
            ".docker/config.json": '{"auths": {"ghcr.io": {"auth": "eDp5"}}}',
            ".netrc": "machine a login b password c\n",
        }.items():
            full = self.write(name, text)
            self.assertEqual(self.pack()["env"], name)
            os.remove(full)

    def test_survive_39_what_is_too_much_is_refused_before_it_is_read(self):
        with open(self.write("sparse"), "r+b") as f:
            f.truncate(3 << 30)
        error = self.pack()["error"]
        self.assertIn("3072.0 MiB: more than 16 times the 100.0 MiB", error)

    def test_several_folders(self):
        self.write("app.py", "main")
        self.write("Dockerfile", "FROM scratch")
        other = os.path.join(self.temp.name, "other")
        os.makedirs(os.path.join(other, "lib"))
        for name in ("lib/a", "lib/b.o"):
            with open(os.path.join(other, name), "w", encoding="utf-8") as f:
                f.write(name)
        with open(os.path.join(other, ".dockerignore"), "w", encoding="utf-8") as f:
            f.write("**/*.o\n")
        rules = os.path.join(self.temp.name, "x.dockerignore")
        with open(rules, "w", encoding="utf-8") as f:
            f.write("Dockerfile\n")
        arguments = ("--extra", "defang.Dockerfile=FROM x", "--dockerfile", "defang.Dockerfile")
        roots = ("--prefix", "context", "--root", f"contexts/lib={other}", "--ignore", rules)
        result = self.pack(*arguments, *roots)
        self.assertEqual(result["ignore"], rules)
        self.assertEqual(result["dockerfile"], "defang.Dockerfile")
        self.assertEqual(
            {name: body for name, (kind, _, body) in self.read().items() if kind == "file"},
            {
                "context/app.py": b"main",
                "contexts/lib/.dockerignore": b"**/*.o\n",
                "contexts/lib/lib/a": b"lib/a",
                "defang.Dockerfile": b"FROM x",
            },
        )
        self.assertEqual(self.pack(*arguments, *roots)["digest"], result["digest"])
        missing = ("--prefix", "context", "--root", f"contexts/lib={other}/none")
        error = self.pack(*arguments, *missing)
        self.assertIn("additional context", error["error"])

    def test_what_may_not_be_read_is_named(self):
        self.write("secret", "x", 0)
        if os.access(os.path.join(self.root, "secret"), os.R_OK):
            self.skipTest("root reads everything")
        error = self.pack()["error"]
        self.assertIn("secret cannot be opened: Permission denied", error)
        self.assertIn(".dockerignore", error)

    def test_same_tree_same_bytes(self):
        digests = set()
        for n, names in enumerate((["x", "y/z", "y/a"], ["y/a", "y/z", "x"])):
            root = os.path.join(self.temp.name, f"tree{n}")
            for name in names:
                full = os.path.join(root, name)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as f:
                    f.write(name)
                os.chmod(full, 0o644)
                os.utime(full, (n * 1000, n * 1000))
            digests.add(self.pack(context=root)["digest"])
            digests.add(self.pack(context=root + "/")["digest"])
        self.assertEqual(len(digests), 1)
        os.chmod(os.path.join(root, "x"), 0o755)
        self.assertNotIn(self.pack(context=root)["digest"], digests)

    def test_long_and_odd_names(self):
        wanted = {
            "n" * 100: b"1",
            "n" * 101: b"2",
            "/".join(["d" * 90] * 4) + "/f": b"3",
            "caf\u00e9/\u2603": b"4",
            "with space\nand newline": b"5",
            "back\\slash": b"6",
            os.fsdecode(b"broken\xff"): b"7",
        }
        for name, data in wanted.items():
            self.write(name, data)
        target = "t" * 150
        os.symlink(target, os.path.join(self.root, "longlink"))
        os.symlink("\u2603", os.path.join(self.root, "snowlink"))
        self.assertNotIn("error", self.pack())
        found = self.read()
        self.assertEqual({n: v[2] for n, v in found.items() if v[0] == "file"}, wanted)
        self.assertEqual(found["longlink"][2], target)
        self.assertEqual(found["snowlink"][2], "\u2603")

    def test_ignore_files(self):
        for name in (
            "src/a.c",
            "src/a.o",
            "build/out",
            "docs/keep.md",
            "docs/x.md",
            "docker/web.Dockerfile",
            "Dockerfile",
        ):
            self.write(name, name)
        self.write("compose.yaml")
        self.write(".env")
        result = self.pack()
        self.assertEqual(result["ignore"], "")
        self.assertIn("Dockerfile", self.names(), "ignored by the built-in list, and always there")
        self.assertIn(".env", self.names())
        self.assertNotIn("compose.yaml", self.names())
        self.assertFalse(
            os.path.exists(os.path.join(self.root, ".dockerignore")),
            "nothing is written into the context",
        )
        self.write(".dockerignore", "*\n!docs/keep.md\n!src\n**/*.o\n")
        result = self.pack()
        self.assertEqual(result["ignore"], ".dockerignore")
        self.assertEqual(self.names(), [".dockerignore", "Dockerfile", "docs/keep.md", "src/a.c"])
        self.write("docker/web.Dockerfile.dockerignore", "docs\ndocker\n.*\nsrc\n")
        result = self.pack("--dockerfile", "docker/web.Dockerfile")
        self.assertEqual(result["ignore"], "docker/web.Dockerfile.dockerignore")
        self.assertEqual(result["dockerfile"], "docker/web.Dockerfile")
        self.assertEqual(
            self.names(),
            [
                "Dockerfile",
                "build/out",
                "compose.yaml",
                "docker/web.Dockerfile",
                "docker/web.Dockerfile.dockerignore",
            ],
        )
        os.chmod(os.path.join(self.root, "docs"), 0)
        self.addCleanup(os.chmod, os.path.join(self.root, "docs"), 0o755)
        self.assertNotIn(
            "error",
            self.pack("--dockerfile", "docker/web.Dockerfile"),
            "an ignored folder is not opened",
        )

    def test_a_folder_of_ignored_files_is_an_empty_folder(self):
        self.write("d/a.o")
        self.write("e/sub/a.o")
        self.write(".dockerignore", "**/*.o\ne\n")
        self.pack()
        self.assertEqual(self.read()["d"], ("dir", 0o755, None))
        self.assertEqual(self.names(), [".dockerignore", "d"])

    def test_bad_ignore_file_names_the_line(self):
        self.write(".dockerignore", "ok\n[\n")
        error = self.pack()
        self.assertEqual(error["kind"], "usage")
        self.assertIn("/ctx/.dockerignore:2: bad pattern", error["error"])

    def test_extras(self):
        self.write("Dockerfile", "on disk")
        self.write("z")
        self.pack("--extra", "Dockerfile=FROM inline", "--dockerfile", "Dockerfile")
        self.assertEqual(self.read()["Dockerfile"], ("file", 0o644, b"FROM inline"))
        self.pack("--extra", "a/b/Dockerfile=FROM inline", "--dockerfile", "a/b/Dockerfile")
        self.assertEqual(self.names(), ["a/b/Dockerfile", "z"])
        for name in ("../x", "/x", "", "a//b", "a/."):
            self.assertIn("no name inside", self.pack("--extra", f"{name}=x")["error"])

    def test_what_cannot_go_along(self):
        self.write("kept")
        path = os.path.join(self.root, "s")
        for make, word in ((self.make_socket, "socket"), (os.mkfifo, "fifo")):
            make(path)
            result = self.pack()
            self.assertEqual((result["left_out"], result["left"]), (f"s ({word})", 1))
            self.assertEqual(self.names(), ["kept"], "left out, and the rest goes along")
            self.write(".dockerignore", "s")
            self.assertEqual(self.pack()["left"], 0, "ignored, it is not worth a word")
            os.remove(os.path.join(self.root, ".dockerignore"))
            os.remove(path)
        for n in range(9):
            os.mkfifo(os.path.join(self.root, f"p{n}"))
        result = self.pack()
        self.assertEqual(result["left"], 9)
        self.assertTrue(result["left_out"].endswith("p4 (fifo), …"), result["left_out"])

    @staticmethod
    def make_socket(path):
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path)

    def test_missing(self):
        self.assertIn("no Dockerfile at", self.pack("--dockerfile", "Dockerfile")["error"])
        self.assertIn("outside", self.pack("--dockerfile", "../Dockerfile")["error"])
        error = self.pack(context=self.root + "/none")
        self.assertEqual(error["kind"], "not_found")
        self.write("f")
        self.assertIn("not a folder", self.pack(context=self.root + "/f")["error"])

    def test_limit(self):
        self.write("small", b"x")
        self.write("big/noise", os.urandom(300_000))
        error = self.pack("--limit", "100k")
        self.assertEqual(error["kind"], "refused")
        self.assertIn("larger than 0.1 MiB", error["error"])
        self.assertIn("big/noise (0.3 MiB)", error["error"])
        self.assertIn("DEFANG_BUILD_CONTEXT_LIMIT", error["error"])
        size = self.pack()["bytes"]
        self.assertEqual(self.pack("--limit", str(size))["bytes"], size)
        self.assertIn("error", self.pack("--limit", str(size - 1)))

    def test_memory_does_not_grow_with_size(self):
        self.write("f")
        small = self.pack()["peak_kib"]
        with open(os.path.join(self.root, "f"), "wb") as f:
            f.truncate(192 << 20)
        result = self.pack()
        self.assertEqual(result["content"], 192 << 20)
        self.assertLess(result["peak_kib"] - small, 8 << 10)
        with gzip.open(self.out) as f:
            f.seek((192 << 20) + 512)
            self.assertEqual(f.read(), b"\0" * 1024)

    def test_empty_context(self):
        result = self.pack()
        self.assertEqual((result["files"], self.names()), (0, []))


if __name__ == "__main__":
    TOOL = sys.argv.pop(1)
    unittest.main()
