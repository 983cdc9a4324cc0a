"""The scripts that deliver configs and secrets, run for real by this machine's sh in a folder that
stands for the task's.
"""

import base64
import os
import pathlib
import re
import stat
import subprocess
import tempfile
import unittest

from lib import HERE, template

CASE = HERE / "cases" / "files.yaml"
FOLDER = HERE / "cases" / "files"


def containers() -> dict[str, dict]:
    found = template(CASE)["Resources"]["TaskDefinitionWeb"]["Properties"]["ContainerDefinitions"]
    return {c["Name"].rsplit("_", 1)[0]: c for c in found}


class Files(unittest.TestCase):
    def run_script(self, container: dict, root: str, environment: dict[str, str]) -> None:
        self.assertEqual(container["EntryPoint"], ["sh", "-ec"])
        script = container["Command"][0].replace("/defang/files", root)
        done = subprocess.run(
            ["sh", "-ec", 'chown() { echo "$1 ${2##*/}" >> "$OWNERS"; }\n' + script],
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_writer(self) -> None:
        web = containers()
        writer, own = web["web-files"], web["web"]
        mounts = {m["SourceVolume"]: m["ContainerPath"] for m in own["MountPoints"]}
        places = {
            m["SourceVolume"]: m["ContainerPath"].rsplit("/", 1)[1] for m in writer["MountPoints"]
        }
        self.assertEqual(set(mounts), set(places))
        wanted = {
            "/etc/nginx/conf.d/site.conf": (
                b"server_name shop.example; # it's here\n",
                "0:0",
                0o444,
            ),
            "/etc/nginx/conf.d/template.conf": (b"{{ range .Items }}${x}{{ end }}", "0:0", 0o400),
            "/run/configs/it's a blob": ((FOLDER / "blob.bin").read_bytes(), "101:102", 0o440),
            "/run/configs/nothing": (b"", "0:0", 0o444),
            "/run/secrets/cert": ((FOLDER / "cert.pem").read_bytes(), "0:0", 0o444),
            "/run/secrets/token": (b"to'ken", "101:0", 0o400),
            "/run/secrets/other": (b"second", "0:0", 0o444),
            "/run/secrets/from_env": (b"third", "0:0", 0o444),
            "/run/secrets/DB_PASSWORD": (b"fourth", "0:0", 0o444),
            "/run/secrets/licence": (b"fifth", "0:0", 0o444),
            "/run/secrets/abroad": (b"sixth", "0:0", 0o444),
        }
        values = {}
        for secret in writer["Secrets"]:
            arn = secret["ValueFrom"]
            arn = arn["Fn::Sub"] if isinstance(arn, dict) else arn
            value = next(
                v
                for mark, v in (
                    ("/config-site/", wanted["/etc/nginx/conf.d/site.conf"][0]),
                    (
                        "/config-template/",
                        base64.b64encode(wanted["/etc/nginx/conf.d/template.conf"][0]),
                    ),
                    ("/config-blob/", base64.b64encode(wanted["/run/configs/it's a blob"][0])),
                    ("/secret-cert/", wanted["/run/secrets/cert"][0]),
                    ("/beta/TOKEN", b"to'ken"),
                    ("/beta/OTHER_TOKEN", b"second"),
                    ("/beta/ENV_TOKEN", b"third"),
                    (":secret:prod/db-a1B2c3:password::", b"fourth"),
                    (":secret:licence", b"fifth"),
                    (":eu-west-1:123456789012:parameter/abroad", b"sixth"),
                )
                if mark in arn
            )
            values[secret["Name"]] = value.decode()
        with tempfile.TemporaryDirectory() as root:
            for place in places.values():
                (pathlib.Path(root) / place).mkdir()
            owners = pathlib.Path(root) / "owners"
            self.run_script(writer, root, {**values, "OWNERS": str(owners)})
            self.run_script(
                writer, root, {**values, "OWNERS": str(owners)}
            )  # a container that is started again
            by_path = {
                f"{mounts[v]}/{p.name}": p
                for v, place in places.items()
                for p in (pathlib.Path(root) / place).iterdir()
            }
            self.assertEqual(set(by_path), set(wanted))
            said = dict(reversed(line.split(" ", 1)) for line in owners.read_text().splitlines())
            for path, (content, owner, mode) in wanted.items():
                with self.subTest(path):
                    self.assertEqual(by_path[path].read_bytes(), content)
                    self.assertEqual(stat.S_IMODE(by_path[path].stat().st_mode), mode)
                    self.assertEqual(said[by_path[path].name], owner)

    def test_copier(self) -> None:
        """What the image has in the folder is still there."""
        copier = containers()["web-copy"]
        with tempfile.TemporaryDirectory() as root, tempfile.TemporaryDirectory() as image:
            (pathlib.Path(image) / "default.conf").write_text("of the image")
            place = re.search(r"/defang/files/(\d+)/", copier["Command"][0])[1]
            (pathlib.Path(root) / place).mkdir()
            copier["Command"][0] = copier["Command"][0].replace("/etc/nginx/conf.d", image)
            self.run_script(copier, root, {})
            self.assertEqual(
                (pathlib.Path(root) / place / "default.conf").read_text(), "of the image"
            )

    def test_order(self) -> None:
        web = containers()
        name = {k: v["Name"] for k, v in web.items()}
        self.assertEqual(
            web["web"]["DependsOn"], [{"ContainerName": name["web-files"], "Condition": "SUCCESS"}]
        )
        self.assertEqual(
            web["web-files"]["DependsOn"],
            [{"ContainerName": name["web-copy"], "Condition": "SUCCESS"}],
        )
        self.assertEqual(web["web-copy"]["Image"], web["web"]["Image"])
        self.assertFalse(web["web-files"]["Essential"] or web["web-copy"]["Essential"])

    def test_mounted_files(self) -> None:
        """A file in several parameters, and a folder with what is below it."""
        found = template(HERE / "cases" / "binds.yaml")["Resources"]["TaskDefinitionProm"]
        web = {c["Name"].rsplit("_", 1)[0]: c for c in found["Properties"]["ContainerDefinitions"]}
        writer = web["prom-files"]
        places = {m["ContainerPath"] for m in web["prom"]["MountPoints"]}
        self.assertEqual(places, {"/etc/prometheus", "/etc/nginx/conf.d", "/opt/anonymous"})
        self.assertNotIn("nginx", web["prom-copy"]["Command"][0])
        rules = (FOLDER / "rules.yml").read_bytes()
        values = {}
        for secret in writer["Secrets"]:
            _, number, piece = (secret["Name"] + "_").split("_")[:3]
            values[secret["Name"]] = (
                base64.b64encode(rules[int(piece or 0) * 6144 :][:6144]).decode()
                if number == "0"
                else f"content {number}"
            )
        self.assertEqual(len(values), 5)
        with tempfile.TemporaryDirectory() as root:
            for place in ("0", "1"):
                (pathlib.Path(root) / place).mkdir()
            owners = pathlib.Path(root) / "owners"
            self.run_script(writer, root, {**values, "OWNERS": str(owners)})
            self.assertEqual((pathlib.Path(root) / "0" / "rules.yml").read_bytes(), rules)
            self.assertEqual((pathlib.Path(root) / "1/more/b.conf").read_text(), "content 2")
            more = (pathlib.Path(root) / "1/more").stat().st_mode
            self.assertEqual(stat.S_IMODE(more), 0o755)
            self.assertIn("65534:65533 b.conf", owners.read_text())

    def test_no_content_in_the_template(self) -> None:
        text = str(template(CASE))
        for part in ("BEGIN TEST", "range .Items", "it's here"):
            self.assertNotIn(part, text)

    def test_changed_file_is_a_new_parameter(self) -> None:
        def parameter(content: str) -> str:
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "compose.yaml"
                path.write_text(
                    '{"name": "f", "services": {"a": {"image": "x", "secrets": ["s"]}}, '
                    '"secrets": {"s": {"file": "./s"}}}'
                )
                (pathlib.Path(folder) / "s").write_text(content)
                task = template(path)["Resources"]["TaskDefinitionA"]["Properties"]
                return next(c for c in task["ContainerDefinitions"] if "Secrets" in c)["Secrets"][
                    0
                ]["ValueFrom"]["Fn::Sub"]

        self.assertEqual(parameter("one"), parameter("one"))
        self.assertNotEqual(parameter("one"), parameter("two"))


if __name__ == "__main__":
    unittest.main()
