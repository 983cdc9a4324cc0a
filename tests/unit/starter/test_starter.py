"""Dockerfiles for folders that have none (compose 49, 84): a golden for each kind of folder, and
what holds for all: the builder's stand-in reads them, tags are pinned, several stages, nobody runs
as root, EXPOSE is $PORT's.

`test_starter.py TOOL --write` renews the golden files.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))
from sandbox import dockerfile  # noqa: E402

GOLDEN = HERE / "golden"
TOOL = sys.argv.pop(1)
WRITE = "--write" in sys.argv


def package(**more):
    return json.dumps({"name": "x", **more})


def vite(**dependencies):
    return package(
        scripts={"build": "vite build", "dev": "vite"}, devDependencies={"vite": "7"} | dependencies
    )


NEXT = package(
    scripts={"build": "next build", "start": "next start"},
    dependencies={"next": "15", "react": "19"},
)
EXPRESS = package(scripts={"start": "node server.js"}, dependencies={"express": "5"})
MANAGE = 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n'
FLASK = "from flask import Flask\n\napp = Flask(__name__)\n"
FASTAPI = "from fastapi import FastAPI\napi = FastAPI(title='x')\n"

# name -> (files, kind, port)
KINDS = {
    "next-npm": ({"package.json": NEXT, "package-lock.json": ""}, "Next.js (npm)", 3000),
    "next-standalone": (
        {
            "package.json": NEXT,
            "pnpm-lock.yaml": "",
            "next.config.ts": 'export default { output: "standalone" }',
            "public/a.png": "",
        },
        "Next.js (pnpm)",
        3000,
    ),
    "next-export": (
        {"package.json": NEXT, "yarn.lock": "", "next.config.js": "{output: 'export'}"},
        "Next.js (yarn)",
        8080,
    ),
    "vite-react": ({"package.json": vite(react="19"), "index.html": ""}, "Vite (npm)", 8080),
    "cra": (
        {
            "package.json": package(
                scripts={"start": "react-scripts start", "build": "react-scripts build"},
                dependencies={"react-scripts": "5"},
            ),
            "yarn.lock": "",
        },
        "React (yarn)",
        8080,
    ),
    "express": (
        {"package.json": EXPRESS, "package-lock.json": "", "server.js": "", ".nvmrc": "v22.1.0"},
        "Express (npm)",
        3000,
    ),
    "node-main": (
        {"package.json": package(main="lib/x.js"), "lib/x.js": ""},
        "Node.js (npm)",
        3000,
    ),
    "bun": ({"package.json": EXPRESS, "bun.lock": ""}, "Express (bun)", 3000),
    "django": (
        {"manage.py": MANAGE, "requirements.txt": "Django==5.2\npsycopg2\n", "shop/wsgi.py": ""},
        "Django",
        8000,
    ),
    "django-uv": (
        {"manage.py": MANAGE, "uv.lock": "", "pyproject.toml": 'dependencies = ["django"]'},
        "Django",
        8000,
    ),
    "flask": ({"app.py": FLASK, "requirements.txt": "Flask\ngunicorn\n"}, "Flask", 5000),
    "flask-factory": (
        {
            "app/__init__.py": "def create_app():\n    app = Flask(__name__)\n",
            "pyproject.toml": "[tool.poetry.dependencies]\nflask = '*'\n",
            "poetry.lock": "",
        },
        "Flask",
        5000,
    ),
    "fastapi": (
        {"app/main.py": FASTAPI, "requirements.txt": "fastapi\n", ".python-version": "3.12\n"},
        "FastAPI",
        8000,
    ),
    "streamlit": ({"app.py": "", "requirements.txt": "streamlit"}, "Streamlit", 8501),
    "python-worker": ({"main.py": "", "Pipfile": "", "Pipfile.lock": ""}, "Python", 0),
    "go": ({"go.mod": "module x\n\ngo 1.22\n", "go.sum": "", "main.go": ""}, "Go", 8080),
    "go-cmd": (
        {"go.mod": "module x\n\ngo 1.30.1\n", "cmd/web/main.go": "", "templates/a.html": ""},
        "Go",
        8080,
    ),
    "rails": (
        {"Gemfile": "gem 'rails'\n", "Gemfile.lock": "", "config.ru": "", "app/a.rb": ""},
        "Rails",
        3000,
    ),
    "sinatra": ({"Gemfile": "gem 'sinatra'\ngem 'puma'\n", "config.ru": ""}, "Ruby", 9292),
    "php": ({"index.php": ""}, "PHP", 8080),
    "laravel": (
        {"composer.json": "{}", "composer.lock": "", "artisan": "", "public/index.php": ""},
        "Laravel",
        8080,
    ),
    "maven": ({"pom.xml": "<java.version>17</java.version>"}, "Java (Maven)", 8080),
    "gradle": (
        {"build.gradle.kts": "JavaLanguageVersion.of(25)", "gradlew": ""},
        "Java (Gradle)",
        8080,
    ),
    "static": ({"index.html": "", "style.css": ""}, "static files", 8080),
}
UNKNOWN = [
    {},
    {"README.md": ""},
    {"package.json": package()},
    {"package.json": "not json"},
    {"requirements.txt": "flask"},
    {"go.mod": "module x"},
]


def make(files, port=0):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return subprocess.run(
            [TOOL, str(port), folder, *sorted(files)], capture_output=True, text=True, check=False
        )


class Starters(unittest.TestCase):
    maxDiff = None

    def test_golden(self):
        for name, (files, kind, port) in KINDS.items():
            with self.subTest(name):
                done = make(files)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(done.stdout.splitlines()[0], f"# {kind}, port {port}")
                path = GOLDEN / f"{name}.Dockerfile"
                if WRITE:
                    path.write_text(done.stdout)
                self.assertEqual(done.stdout, path.read_text())

    def test_what_holds_for_all(self):
        for name, (files, _, usual) in KINDS.items():
            with self.subTest(name):
                port = usual and 4321
                text = make(files, port).stdout
                stages = dockerfile.parse(text)[1]
                last = stages[-1].instructions
                named = {s.name for s in stages}
                for stage in stages:
                    self.assertRegex(stage.base, r":[\w.-]*[\w]$")
                    self.assertNotRegex(stage.base, r":latest$")
                user = [i.text for i in last if i.name == "USER"]
                self.assertTrue(
                    user or "unprivileged" in stages[-1].base or "nonroot" in stages[-1].base
                )
                self.assertNotIn("root", user)
                exposed = [i.text for i in last if i.name == "EXPOSE"]
                self.assertEqual(exposed, [str(port)] if port else [])
                if port:
                    self.assertRegex(text, rf"PORT={port}\b")
                for i in last:
                    if i.name in ("COPY", "ADD") and "from" in i.flags:
                        self.assertIn(i.flags["from"], named)
                    elif i.name == "COPY" and not i.heredoc:
                        sources = dockerfile.words(i.text)[:-1]
                        self.assertEqual(dockerfile.sources_missing(sources, set(files)), [])

    def test_unknown(self):
        for files in UNKNOWN:
            with self.subTest(str(files)):
                self.assertEqual(make(files).returncode, 1)

    def test_no_text_of_a_project_becomes_an_instruction(self):
        files = {"package.json": package(main='x".js\nRUN evil'), 'x".js\nRUN evil': ""}
        done = make(files)
        self.assertNotIn("evil", re.sub(r"\s", " ", done.stdout))


if __name__ == "__main__":
    sys.argv = [a for a in sys.argv if a != "--write"]
    unittest.main()
