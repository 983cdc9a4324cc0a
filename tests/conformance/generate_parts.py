"""What a generated service is made of: for each key of the specification how often it comes and
what it may hold.

Any part may meet any other in a merge, so what the reference cannot merge (wanted.py: gpus-merge,
filter-merge) stands in the cases alone. The order of the tables is the order of the draws: recorded
answers depend on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from generate_keys import (
    boolean,
    build,
    command,
    depends_on,
    duration,
    file_refs,
    healthcheck,
    hosts,
    label,
    networks,
    ports,
    resources,
    size,
    ulimits,
    update,
    value,
    volumes,
)


@dataclass
class Part:
    share: float
    make: Callable


DEPLOY = {
    "mode": lambda g: g.pick("replicated", "global"),
    "replicas": lambda g: g.pick(1, 3, 0, "${COUNT}"),
    "labels": lambda g: g.pairs(lambda: label(g)),
    "update_config": update,
    "rollback_config": update,
    "resources": resources,
    "endpoint_mode": lambda g: g.pick("vip", "dnsrr"),
    "restart_policy": lambda g: g.pick(
        {},
        {"condition": "on-failure", "delay": duration(g), "max_attempts": 3, "window": "2m"},
        {"max_attempts": 0},
    ),
    "placement": lambda g: g.pick(
        {},
        {"constraints": ["node.role==manager"], "max_replicas_per_node": 2},
        {"preferences": [{"spread": "node.labels.zone"}]},
    ),
}
PARTS = {
    "build": Part(0.25, build),
    "command": Part(0.25, command),
    "entrypoint": Part(0.12, command),
    "environment": Part(0.5, lambda g: g.pairs(lambda: value(g))),
    "env_file": Part(
        0.1,
        lambda g: g.pick(
            "web.env",
            ["web.env", {"path": "absent.env", "required": False}],
            [{"path": "web.env", "format": "raw"}],
        ),
    ),
    "ports": Part(0.4, ports),
    "volumes": Part(0.35, volumes),
    "networks": Part(0.25, networks),
    "depends_on": Part(0.3, depends_on),
    "healthcheck": Part(0.2, healthcheck),
    "labels": Part(0.2, lambda g: g.pairs(lambda: label(g))),
    "annotations": Part(0.05, lambda g: g.pairs(lambda: label(g))),
    "secrets": Part(0.12, file_refs("secrets")),
    "configs": Part(0.12, file_refs("configs")),
    "restart": Part(0.15, lambda g: g.pick("always", "no", "on-failure:3", "unless-stopped")),
    "expose": Part(0.1, lambda g: g.pick(["3000", 4000], ["5000-5010/udp"], [80])),
    "profiles": Part(0.08, lambda g: g.some(("dev", "debug"), 0, 2)),
    "cap_add": Part(0.05, lambda g: ["ALL", "NET_ADMIN"]),
    "cap_drop": Part(0.05, lambda g: ["MKNOD"]),
    "cgroup": Part(0.03, lambda g: g.pick("host", "private")),
    "cgroup_parent": Part(0.03, lambda g: "m"),
    "container_name": Part(0.08, lambda g: f"c-{g.number(1, 9)}x"),
    "cpus": Part(0.05, lambda g: g.pick(0.5, "1.5", 2, "${COUNT}", 0)),
    "cpu_count": Part(0.03, lambda g: g.pick(2, "3")),
    "cpu_percent": Part(0.03, lambda g: g.pick(50, 12, 0)),
    "cpu_shares": Part(0.03, lambda g: g.pick(73, "10")),
    "cpu_quota": Part(0.03, lambda g: g.pick(50000, "${COUNT}")),
    "cpu_period": Part(0.03, lambda g: 20000),
    "cpu_rt_runtime": Part(0.03, lambda g: g.pick(400, "950")),
    "cpu_rt_period": Part(0.03, lambda g: 1000),
    "cpuset": Part(0.03, lambda g: g.pick("0-3", "0,1")),
    "credential_spec": Part(0.02, lambda g: {"file": "a.json"}),
    "device_cgroup_rules": Part(0.03, lambda g: ["c 1:3 mr"]),
    "devices": Part(
        0.05, lambda g: ["/dev/a:/dev/b", "/dev/c", {"source": "/dev/d", "target": "/dev/e"}]
    ),
    "dns": Part(0.06, lambda g: g.pick("8.8.8.8", ["1.1.1.1", "9.9.9.9"])),
    "dns_opt": Part(0.03, lambda g: ["use-vc"]),
    "dns_search": Part(0.04, lambda g: g.pick("a.com", ["b.com"])),
    "domainname": Part(0.03, lambda g: "foo.com"),
    "hostname": Part(0.05, lambda g: "h1"),
    "extra_hosts": Part(0.06, hosts),
    "group_add": Part(0.03, lambda g: ["mail", 1000]),
    "gpus": Part(
        0.04, lambda g: g.pick([{"count": "all"}], [{"driver": "nvidia", "count": 2}], [{}])
    ),
    "init": Part(0.05, boolean),
    "ipc": Part(0.03, lambda g: g.pick("host", "shareable")),
    "isolation": Part(0.02, lambda g: "process"),
    "links": Part(
        0.04, lambda g: [g.pick(*g.earlier()) + g.pick("", ":x")] if g.earlier() else None
    ),
    "external_links": Part(0.02, lambda g: ["redis", "db:mysql"]),
    "logging": Part(0.08, lambda g: {"driver": "syslog", "options": {"a": g.pick("x", 3, None)}}),
    "mem_limit": Part(0.06, size),
    "mem_reservation": Part(0.04, size),
    "memswap_limit": Part(0.03, lambda g: g.pick("1g", -1, "2048")),
    "mem_swappiness": Part(0.03, lambda g: g.pick(0, 60)),
    "mac_address": Part(0.02, lambda g: "02:42:ac:11:65:43"),
    "network_mode": Part(0.05, lambda g: g.pick("host", "none", "bridge")),
    "oom_kill_disable": Part(0.03, boolean),
    "oom_score_adj": Part(0.03, lambda g: g.pick(-500, 0, "10")),
    "pid": Part(0.03, lambda g: "host"),
    "pids_limit": Part(0.03, lambda g: g.pick(10, 0, -1)),
    "platform": Part(0.05, lambda g: g.pick("linux/amd64", "linux/arm64")),
    "privileged": Part(0.04, boolean),
    "pull_policy": Part(
        0.05, lambda g: g.pick("always", "missing", "if_not_present", "daily", "every_12h")
    ),
    "read_only": Part(0.04, boolean),
    "runtime": Part(0.02, lambda g: "runc"),
    "scale": Part(0.04, lambda g: g.pick(1, 2, "${COUNT}")),
    "security_opt": Part(0.03, lambda g: ["no-new-privileges:true"]),
    "shm_size": Part(0.04, size),
    "stdin_open": Part(0.05, boolean),
    "stop_grace_period": Part(0.05, duration),
    "stop_signal": Part(0.04, lambda g: "SIGUSR1"),
    "storage_opt": Part(0.02, lambda g: {"size": "1G"}),
    "sysctls": Part(
        0.04, lambda g: g.pick({"net.core.somaxconn": 1024}, ["net.ipv4.tcp_syncookies=0"])
    ),
    "tmpfs": Part(0.05, lambda g: g.pick("/run", ["/run", "/tmp:mode=755,size=1k"])),
    "tty": Part(0.05, boolean),
    "ulimits": Part(0.06, ulimits),
    "user": Part(0.06, lambda g: g.pick("root", "1000:1000")),
    "userns_mode": Part(0.02, lambda g: "host"),
    "uts": Part(0.02, lambda g: "host"),
    "working_dir": Part(0.08, lambda g: "/app"),
    "volumes_from": Part(
        0.02, lambda g: [g.pick(*g.earlier()) + g.pick("", ":ro")] if g.earlier() else None
    ),
    "attach": Part(0.03, boolean),
    "develop": Part(
        0.05,
        lambda g: {
            "watch": [
                {
                    "path": "./src",
                    "action": "sync",
                    "target": "/app",
                    "ignore": g.pick("x/", ["x/", "y/"]),
                    "initial_sync": g.pick(True, False),
                },
                {"path": "p", "action": "rebuild"},
            ]
        },
    ),
    "blkio_config": Part(
        0.03,
        lambda g: {
            "weight": 300,
            "weight_device": [{"path": "/dev/sda", "weight": 400}],
            "device_read_bps": [{"path": "/dev/sdb", "rate": g.pick("12mb", 1000)}],
        },
    ),
    "post_start": Part(
        0.04,
        lambda g: [
            {
                "command": command(g) or "x",
                "user": "root",
                "environment": ["A=1"],
                "privileged": g.pick(True, False),
            }
        ],
    ),
    "pre_stop": Part(0.03, lambda g: [{"command": ["a"], "working_dir": "/w"}]),
    "models": Part(
        0.03,
        lambda g: (
            [g.use("models", "llm")]
            if g.chance(0.5)
            else {g.use("models", "llm"): {"endpoint_var": "E"}}
        ),
    ),
    "use_api_socket": Part(0.02, lambda g: g.pick(True, True, True, "${FLAG}")),
    "x-own": Part(0.06, lambda g: {"any": [1, "two", {"three": value(g)}]}),
}
DRIVEN = (
    {},
    {"driver": "local", "driver_opts": {"a": "b", "n": 3}},
    {"labels": ["a=b"]},
    {"labels": {"a": 1, "b": True}},
    {"name": "own-${TAG}"},
    {"x-y": 1},
)
TOP = {
    "volumes": lambda g: g.pick(
        None,
        *DRIVEN,
        {"external": True},
        {"external": True, "name": "there"},
        {"driver": "local", "driver_opts": {"o": "bind", "type": "none", "device": "./d"}},
    ),
    "networks": lambda g: g.pick(
        None,
        *DRIVEN,
        {"external": "true"},
        {"internal": True, "attachable": False},
        {
            "enable_ipv6": True,
            "ipam": {
                "config": [
                    {
                        "subnet": "10.0.0.0/16",
                        "gateway": "10.0.0.1",
                        "aux_addresses": {"a": "10.0.0.5"},
                    }
                ],
                "options": {"o": "p"},
                "driver": "default",
            },
        },
    ),
    "secrets": lambda g: g.pick(
        {"file": "./s.txt"},
        {"environment": "SECRET"},
        {"external": True},
        {"external": True, "name": "n"},
        {"file": "/s", "labels": {"a": "b"}},
    ),
    "configs": lambda g: g.pick(
        {"file": "c.txt"},
        {"content": "line ${TAG}\n"},
        {"external": True},
        {"environment": "HOST"},
        {"content": "x", "name": "named"},
    ),
    "models": lambda g: g.pick(
        {"model": "ai/x"}, {"model": "ai/y", "context_size": 1024, "runtime_flags": ["--a"]}
    ),
}
