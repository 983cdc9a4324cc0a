"""What the larger keys of a generated service may hold: short forms, long forms, wrong ones.

Each function takes the generator (generate.Generator) and draws from it, so that a project is the
same for the same seed: the order of draws is part of the recorded answers, and a change here means
that they are recorded anew. generate_parts.py says how often each key comes.
"""

from __future__ import annotations


def value(g):
    return g.pick(g.text(), g.text(), 1, 0, 2.5, -3, True, False, None, 1.0, 100000000000)


def label(g):
    return g.pick(g.text(), g.text(), 1, True, 0.25)


def boolean(g):
    return g.pick(True, False, "${FLAG}", "true", "yes", "Off")


def duration(g):
    return g.pick(
        "30s", "1m30s", "500ms", "2h45m", "1h", "0s", "1d", "90s", "1.5s", "100us", "1w2d"
    )


def size(g):
    return g.pick("512m", "1g", "1.5gb", "64M", "1048576", "10kb", 2048, "${SIZE}", "1GiB", "0.5m")


def command(g):
    return g.pick(
        "run --all",
        "echo 'two words' \"and three\"",
        ["a", "b c", "${TAG}"],
        [],
        "",
        None,
        "sh -c 'echo $$HOME'",
        "a\\ b",
        ["$$PATH"],
    )


def ports(g):
    short = (
        "80",
        80,
        "8080:80",
        "127.0.0.1:81:81",
        "53:53/udp",
        "3000-3003",
        "9090-9091:8080-8081",
        "[::1]:82:82",
        "${PORT}:80",
        "6060-6070:6060/tcp",
        "8443:443/TCP",
        "127.0.0.1::90",
    )
    long = (
        {"target": 80},
        {"target": "81", "published": 8081, "protocol": "udp"},
        {"target": 82, "published": "8000-9000", "mode": "host"},
        {"name": "http", "target": 83, "app_protocol": "http", "host_ip": "0.0.0.0", "x-a": 1},
        {"target": 84, "published": ""},
    )
    return g.some(short + long, 1, 4)


def volumes(g):
    short = (
        "/data",
        "./src:/src",
        "../up:/up:ro",
        "~/home:/home",
        "/abs:/abs:rw,z",
        "/a/../b:/norm/",
        "./x:/x:ro,rshared",
        "/n:/n:nocopy",
        "./con:/c:cached",
    )
    named = [
        f"{g.use('volumes', 'data', 'logs')}:/var/{i}{g.pick('', ':ro', ':nocopy', ':rw')}"
        for i in range(g.number(0, 2))
    ]
    long = (
        {
            "type": "bind",
            "source": "./l",
            "target": "/l",
            "read_only": True,
            "bind": {"propagation": "rprivate", "create_host_path": False},
        },
        {"type": "bind", "source": "/b2", "target": "/b2", "bind": {}},
        {"type": "bind", "source": ".", "target": "/dot", "consistency": "cached"},
        {
            "type": "tmpfs",
            "target": "/tmp/x",
            "tmpfs": {"size": g.pick("10m", 1024), "mode": 0o755},
        },
        {"type": "volume", "target": "/anon", "volume": {"nocopy": True}},
        {"type": "image", "source": "busybox", "target": "/img", "image": {"subpath": "a"}},
        {"type": "npipe", "source": "p", "target": "/pipe"},
        {"type": "cluster", "source": "c", "target": "/cl"},
        {
            "type": "volume",
            "source": g.use("volumes", "data"),
            "target": "/lv/",
            "volume": {"subpath": "s", "labels": {"a": "b"}},
        },
    )
    return named + g.some(short + long, 0, 3)


def networks(g):
    names = [g.use("networks", "front", "back", "default") for _ in range(g.number(1, 2))]
    if g.chance(0.5):
        return sorted(set(names))
    config = {
        "aliases": ["a", "b"],
        "ipv4_address": "10.0.0.2",
        "priority": 10,
        "gw_priority": 0,
        "mac_address": "02:42:ac:11:65:43",
        "driver_opts": {"a": 1, "b": "x"},
        "link_local_ips": ["169.254.1.1"],
        "interface_name": "eth1",
        "x-n": [1],
    }
    return {
        name: g.pick(None, {}, {key: config[key] for key in g.some(config, 1, 3)}) for name in names
    }


def file_refs(section: str):
    def make(g):
        name = g.use(section, "one", "two")
        return [
            g.pick(
                name,
                {"source": name},
                {
                    "source": name,
                    "target": "/run/x",
                    "uid": "1",
                    "gid": "2",
                    "mode": g.pick(0o440, "0444", 256),
                },
            )
        ]

    return make


def build(g):
    if g.chance(0.3):
        return g.pick(".", "./app", "https://github.com/a/b.git#main", "../up", "/abs")
    out: dict = {}
    parts = {
        "context": lambda: g.pick(".", "app", "git@github.com:a/b.git"),
        "dockerfile": lambda: g.pick("Dockerfile.x", "../D"),
        "args": lambda: g.pairs(lambda: value(g)),
        "labels": lambda: g.pairs(lambda: label(g)),
        "target": g.text,
        "cache_from": lambda: ["type=registry,ref=x", "y"],
        "cache_to": lambda: ["type=local,dest=z"],
        "no_cache": lambda: boolean(g),
        "pull": lambda: boolean(g),
        "network": lambda: "host",
        "shm_size": lambda: size(g),
        "tags": lambda: ["a:1", "b:2"],
        "platforms": lambda: ["linux/amd64", "linux/arm64"],
        "privileged": lambda: boolean(g),
        "extra_hosts": lambda: hosts(g),
        "isolation": lambda: "process",
        "additional_contexts": lambda: g.pick(
            {"r": "./r", "i": "docker-image://x"}, ["r=./r", "u=https://e.com/x"]
        ),
        "ulimits": lambda: {"nofile": g.pick(1024, {"soft": 10, "hard": 20})},
        "entitlements": lambda: ["network.host"],
        "provenance": lambda: g.pick(True, "mode=max"),
        "sbom": lambda: g.pick(False, "true"),
        "secrets": lambda: file_refs("secrets")(g),
        "no_cache_filter": lambda: g.pick(["a"], ["a", "b"]),
        "ssh": lambda: g.pick(["default"], ["k=./k"]) if g.chance(0.3) else ["default"],
    }
    for key in g.some(parts, 1, 6):
        out[key] = parts[key]()
    if g.chance(0.15):
        out.pop("dockerfile", None)
        out["dockerfile_inline"] = "FROM x\nRUN y\n"
    if out.get("ssh"):
        out["ssh"] = ["default"]  # the reference's JSON of a key with a path is no JSON
    return out


def hosts(g):
    return g.pick(
        ["a:1.2.3.4", "b=::1"],
        {"a": "1.2.3.4", "b": ["1.1.1.1", "2.2.2.2"]},
        ["c=[::2]"],
        {"d": "host-gateway"},
    )


def ulimits(g):
    return {
        "nofile": g.pick(1024, {"soft": 10, "hard": 20}, "${COUNT}"),
        "nproc": g.pick(65535, {"soft": 1, "hard": 2}),
    }


def depends_on(g):
    names = g.some(g.earlier(), 1, 2)
    if not names:
        return None
    if g.chance(0.5):
        return names
    return {
        name: {
            "condition": g.pick(
                "service_started", "service_healthy", "service_completed_successfully"
            ),
            **g.pick({}, {"restart": True}, {"required": False}),
        }
        for name in names
    }


def healthcheck(g):
    if g.chance(0.1):
        return {"disable": boolean(g)}
    out = {
        "test": g.pick(
            "curl -f localhost", ["CMD", "true", "$$X"], ["CMD-SHELL", "exit 1"], ["NONE"]
        )
    }
    for key in g.some(("interval", "timeout", "start_period", "start_interval"), 0, 4):
        out[key] = duration(g)
    if g.chance(0.5):
        out["retries"] = g.pick(3, "${COUNT}", 0)
    return out


def devices(g):
    return [
        {
            "capabilities": ["gpu"],
            **g.pick(
                {},
                {"count": 1},
                {"count": "all"},
                {"device_ids": ["0", "1"]},
                {"driver": "nvidia", "options": {"a": "b"}},
            ),
        }
    ]


def resources(g):
    out = {}
    if g.chance(0.7):
        out["limits"] = {
            k: v
            for k, v in {
                "cpus": g.pick("0.50", 2, 1.5, "0"),
                "memory": g.pick("64M", "1g"),
                "pids": g.pick(10, "${COUNT}"),
            }.items()
            if g.chance(0.6)
        }
    if g.chance(0.6):
        out["reservations"] = {
            k: v
            for k, v in {
                "cpus": "0.25",
                "memory": "32m",
                "devices": devices(g),
                "generic_resources": [{"discrete_resource_spec": {"kind": "ssd", "value": 1}}],
            }.items()
            if g.chance(0.5)
        }
    return out


def update(g):
    out = {
        "parallelism": g.pick(2, 0, "${COUNT}"),
        "delay": duration(g),
        "failure_action": "rollback",
        "monitor": duration(g),
        "max_failure_ratio": g.pick(0.3, 0, 1, "0.1"),
        "order": g.pick("start-first", "stop-first"),
    }
    return {key: out[key] for key in g.some(out, 0, 4)}
