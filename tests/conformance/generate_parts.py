"""What a generated service is made of: for each key of the specification how often it comes and what it may hold.

Any part may meet any other in a merge, so what the reference cannot merge (wanted.py: gpus-merge, filter-merge) stands in the cases alone.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Part:
    share: float
    make: Callable


def value(g):
    return g.pick(g.text(), g.text(), 1, 0, 2.5, -3, True, False, None, 1.0, 100000000000)


def label(g):
    return g.pick(g.text(), g.text(), 1, True, 0.25)


def boolean(g):
    return g.pick(True, False, "${FLAG}", "true", "yes", "Off")


def duration(g):
    return g.pick("30s", "1m30s", "500ms", "2h45m", "1h", "0s", "1d", "90s", "1.5s", "100us", "1w2d")


def size(g):
    return g.pick("512m", "1g", "1.5gb", "64M", "1048576", "10kb", 2048, "${SIZE}", "1GiB", "0.5m")


def command(g):
    return g.pick("run --all", "echo 'two words' \"and three\"", ["a", "b c", "${TAG}"], [], "", None, "sh -c 'echo $$HOME'", "a\\ b", ["$$PATH"])


def ports(g):
    short = ("80", 80, "8080:80", "127.0.0.1:81:81", "53:53/udp", "3000-3003", "9090-9091:8080-8081", "[::1]:82:82", "${PORT}:80", "6060-6070:6060/tcp",
             "8443:443/TCP", "127.0.0.1::90")
    long = ({"target": 80}, {"target": "81", "published": 8081, "protocol": "udp"}, {"target": 82, "published": "8000-9000", "mode": "host"},
            {"name": "http", "target": 83, "app_protocol": "http", "host_ip": "0.0.0.0", "x-a": 1}, {"target": 84, "published": ""})
    return g.some(short + long, 1, 4)


def volumes(g):
    short = ("/data", "./src:/src", "../up:/up:ro", "~/home:/home", "/abs:/abs:rw,z", "/a/../b:/norm/", "./x:/x:ro,rshared", "/n:/n:nocopy", "./con:/c:cached")
    named = [f"{g.use('volumes', 'data', 'logs')}:/var/{i}{g.pick('', ':ro', ':nocopy', ':rw')}" for i in range(g.number(0, 2))]
    long = ({"type": "bind", "source": "./l", "target": "/l", "read_only": True, "bind": {"propagation": "rprivate", "create_host_path": False}},
            {"type": "bind", "source": "/b2", "target": "/b2", "bind": {}}, {"type": "bind", "source": ".", "target": "/dot", "consistency": "cached"},
            {"type": "tmpfs", "target": "/tmp/x", "tmpfs": {"size": g.pick("10m", 1024), "mode": 0o755}}, {"type": "volume", "target": "/anon", "volume": {"nocopy": True}},
            {"type": "image", "source": "busybox", "target": "/img", "image": {"subpath": "a"}}, {"type": "npipe", "source": "p", "target": "/pipe"},
            {"type": "cluster", "source": "c", "target": "/cl"}, {"type": "volume", "source": g.use("volumes", "data"), "target": "/lv/", "volume": {"subpath": "s", "labels": {"a": "b"}}})
    return named + g.some(short + long, 0, 3)


def networks(g):
    names = [g.use("networks", "front", "back", "default") for _ in range(g.number(1, 2))]
    if g.chance(0.5):
        return sorted(set(names))
    config = {"aliases": ["a", "b"], "ipv4_address": "10.0.0.2", "priority": 10, "gw_priority": 0, "mac_address": "02:42:ac:11:65:43", "driver_opts": {"a": 1, "b": "x"},
              "link_local_ips": ["169.254.1.1"], "interface_name": "eth1", "x-n": [1]}
    return {name: g.pick(None, {}, {key: config[key] for key in g.some(config, 1, 3)}) for name in names}


def file_refs(section: str):
    def make(g):
        name = g.use(section, "one", "two")
        return [g.pick(name, {"source": name}, {"source": name, "target": "/run/x", "uid": "1", "gid": "2", "mode": g.pick(0o440, "0444", 256)})]
    return make


def build(g):
    if g.chance(0.3):
        return g.pick(".", "./app", "https://github.com/a/b.git#main", "../up", "/abs")
    out: dict = {}
    parts = {
        "context": lambda: g.pick(".", "app", "git@github.com:a/b.git"), "dockerfile": lambda: g.pick("Dockerfile.x", "../D"), "args": lambda: g.pairs(lambda: value(g)),
        "labels": lambda: g.pairs(lambda: label(g)), "target": g.text, "cache_from": lambda: ["type=registry,ref=x", "y"], "cache_to": lambda: ["type=local,dest=z"],
        "no_cache": lambda: boolean(g), "pull": lambda: boolean(g), "network": lambda: "host", "shm_size": lambda: size(g), "tags": lambda: ["a:1", "b:2"],
        "platforms": lambda: ["linux/amd64", "linux/arm64"], "privileged": lambda: boolean(g), "extra_hosts": lambda: hosts(g), "isolation": lambda: "process",
        "additional_contexts": lambda: g.pick({"r": "./r", "i": "docker-image://x"}, ["r=./r", "u=https://e.com/x"]), "ulimits": lambda: {"nofile": g.pick(1024, {"soft": 10, "hard": 20})},
        "entitlements": lambda: ["network.host"], "provenance": lambda: g.pick(True, "mode=max"), "sbom": lambda: g.pick(False, "true"),
        "secrets": lambda: file_refs("secrets")(g), "no_cache_filter": lambda: g.pick(["a"], ["a", "b"]), "ssh": lambda: g.pick(["default"], ["k=./k"]) if g.chance(0.3) else ["default"],
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
    return g.pick(["a:1.2.3.4", "b=::1"], {"a": "1.2.3.4", "b": ["1.1.1.1", "2.2.2.2"]}, ["c=[::2]"], {"d": "host-gateway"})


def ulimits(g):
    return {"nofile": g.pick(1024, {"soft": 10, "hard": 20}, "${COUNT}"), "nproc": g.pick(65535, {"soft": 1, "hard": 2})}


def depends_on(g):
    names = g.some(g.earlier(), 1, 2)
    if not names:
        return None
    if g.chance(0.5):
        return names
    return {name: {"condition": g.pick("service_started", "service_healthy", "service_completed_successfully"), **g.pick({}, {"restart": True}, {"required": False})}
            for name in names}


def healthcheck(g):
    if g.chance(0.1):
        return {"disable": boolean(g)}
    out = {"test": g.pick("curl -f localhost", ["CMD", "true", "$$X"], ["CMD-SHELL", "exit 1"], ["NONE"])}
    for key in g.some(("interval", "timeout", "start_period", "start_interval"), 0, 4):
        out[key] = duration(g)
    if g.chance(0.5):
        out["retries"] = g.pick(3, "${COUNT}", 0)
    return out


def devices(g):
    return [{"capabilities": ["gpu"], **g.pick({}, {"count": 1}, {"count": "all"}, {"device_ids": ["0", "1"]}, {"driver": "nvidia", "options": {"a": "b"}})}]


def resources(g):
    out = {}
    if g.chance(0.7):
        out["limits"] = {k: v for k, v in {"cpus": g.pick("0.50", 2, 1.5, "0"), "memory": g.pick("64M", "1g"), "pids": g.pick(10, "${COUNT}")}.items() if g.chance(0.6)}
    if g.chance(0.6):
        out["reservations"] = {k: v for k, v in {"cpus": "0.25", "memory": "32m", "devices": devices(g),
                                                  "generic_resources": [{"discrete_resource_spec": {"kind": "ssd", "value": 1}}]}.items() if g.chance(0.5)}
    return out


def update(g):
    out = {"parallelism": g.pick(2, 0, "${COUNT}"), "delay": duration(g), "failure_action": "rollback", "monitor": duration(g), "max_failure_ratio": g.pick(0.3, 0, 1, "0.1"),
           "order": g.pick("start-first", "stop-first")}
    return {key: out[key] for key in g.some(out, 0, 4)}


DEPLOY = {
    "mode": lambda g: g.pick("replicated", "global"), "replicas": lambda g: g.pick(1, 3, 0, "${COUNT}"), "labels": lambda g: g.pairs(lambda: label(g)),
    "update_config": update, "rollback_config": update, "resources": resources, "endpoint_mode": lambda g: g.pick("vip", "dnsrr"),
    "restart_policy": lambda g: g.pick({}, {"condition": "on-failure", "delay": duration(g), "max_attempts": 3, "window": "2m"}, {"max_attempts": 0}),
    "placement": lambda g: g.pick({}, {"constraints": ["node.role==manager"], "max_replicas_per_node": 2}, {"preferences": [{"spread": "node.labels.zone"}]}),
}

PARTS = {
    "build": Part(0.25, build), "command": Part(0.25, command), "entrypoint": Part(0.12, command), "environment": Part(0.5, lambda g: g.pairs(lambda: value(g))),
    "env_file": Part(0.1, lambda g: g.pick("web.env", ["web.env", {"path": "absent.env", "required": False}], [{"path": "web.env", "format": "raw"}])),
    "ports": Part(0.4, ports), "volumes": Part(0.35, volumes), "networks": Part(0.25, networks), "depends_on": Part(0.3, depends_on), "healthcheck": Part(0.2, healthcheck),
    "labels": Part(0.2, lambda g: g.pairs(lambda: label(g))), "annotations": Part(0.05, lambda g: g.pairs(lambda: label(g))), "secrets": Part(0.12, file_refs("secrets")),
    "configs": Part(0.12, file_refs("configs")), "restart": Part(0.15, lambda g: g.pick("always", "no", "on-failure:3", "unless-stopped")),
    "expose": Part(0.1, lambda g: g.pick(["3000", 4000], ["5000-5010/udp"], [80])), "profiles": Part(0.08, lambda g: g.some(("dev", "debug"), 0, 2)),
    "cap_add": Part(0.05, lambda g: ["ALL", "NET_ADMIN"]), "cap_drop": Part(0.05, lambda g: ["MKNOD"]), "cgroup": Part(0.03, lambda g: g.pick("host", "private")),
    "cgroup_parent": Part(0.03, lambda g: "m"), "container_name": Part(0.08, lambda g: f"c-{g.number(1, 9)}x"), "cpus": Part(0.05, lambda g: g.pick(0.5, "1.5", 2, "${COUNT}", 0)),
    "cpu_count": Part(0.03, lambda g: g.pick(2, "3")), "cpu_percent": Part(0.03, lambda g: g.pick(50, 12, 0)), "cpu_shares": Part(0.03, lambda g: g.pick(73, "10")),
    "cpu_quota": Part(0.03, lambda g: g.pick(50000, "${COUNT}")), "cpu_period": Part(0.03, lambda g: 20000), "cpu_rt_runtime": Part(0.03, lambda g: g.pick(400, "950")),
    "cpu_rt_period": Part(0.03, lambda g: 1000), "cpuset": Part(0.03, lambda g: g.pick("0-3", "0,1")), "credential_spec": Part(0.02, lambda g: {"file": "a.json"}),
    "device_cgroup_rules": Part(0.03, lambda g: ["c 1:3 mr"]), "devices": Part(0.05, lambda g: ["/dev/a:/dev/b", "/dev/c", {"source": "/dev/d", "target": "/dev/e"}]),
    "dns": Part(0.06, lambda g: g.pick("8.8.8.8", ["1.1.1.1", "9.9.9.9"])), "dns_opt": Part(0.03, lambda g: ["use-vc"]), "dns_search": Part(0.04, lambda g: g.pick("a.com", ["b.com"])),
    "domainname": Part(0.03, lambda g: "foo.com"), "hostname": Part(0.05, lambda g: "h1"), "extra_hosts": Part(0.06, hosts), "group_add": Part(0.03, lambda g: ["mail", 1000]),
    "gpus": Part(0.04, lambda g: g.pick([{"count": "all"}], [{"driver": "nvidia", "count": 2}], [{}])), "init": Part(0.05, boolean), "ipc": Part(0.03, lambda g: g.pick("host", "shareable")),
    "isolation": Part(0.02, lambda g: "process"), "links": Part(0.04, lambda g: [g.pick(*g.earlier()) + g.pick("", ":x")] if g.earlier() else None),
    "external_links": Part(0.02, lambda g: ["redis", "db:mysql"]), "logging": Part(0.08, lambda g: {"driver": "syslog", "options": {"a": g.pick("x", 3, None)}}),
    "mem_limit": Part(0.06, size), "mem_reservation": Part(0.04, size), "memswap_limit": Part(0.03, lambda g: g.pick("1g", -1, "2048")), "mem_swappiness": Part(0.03, lambda g: g.pick(0, 60)),
    "mac_address": Part(0.02, lambda g: "02:42:ac:11:65:43"), "network_mode": Part(0.05, lambda g: g.pick("host", "none", "bridge")), "oom_kill_disable": Part(0.03, boolean),
    "oom_score_adj": Part(0.03, lambda g: g.pick(-500, 0, "10")), "pid": Part(0.03, lambda g: "host"), "pids_limit": Part(0.03, lambda g: g.pick(10, 0, -1)),
    "platform": Part(0.05, lambda g: g.pick("linux/amd64", "linux/arm64")), "privileged": Part(0.04, boolean), "pull_policy": Part(0.05, lambda g: g.pick("always", "missing", "if_not_present", "daily", "every_12h")),
    "read_only": Part(0.04, boolean), "runtime": Part(0.02, lambda g: "runc"), "scale": Part(0.04, lambda g: g.pick(1, 2, "${COUNT}")), "security_opt": Part(0.03, lambda g: ["no-new-privileges:true"]),
    "shm_size": Part(0.04, size), "stdin_open": Part(0.05, boolean), "stop_grace_period": Part(0.05, duration), "stop_signal": Part(0.04, lambda g: "SIGUSR1"),
    "storage_opt": Part(0.02, lambda g: {"size": "1G"}), "sysctls": Part(0.04, lambda g: g.pick({"net.core.somaxconn": 1024}, ["net.ipv4.tcp_syncookies=0"])),
    "tmpfs": Part(0.05, lambda g: g.pick("/run", ["/run", "/tmp:mode=755,size=1k"])), "tty": Part(0.05, boolean), "ulimits": Part(0.06, ulimits), "user": Part(0.06, lambda g: g.pick("root", "1000:1000")),
    "userns_mode": Part(0.02, lambda g: "host"), "uts": Part(0.02, lambda g: "host"), "working_dir": Part(0.08, lambda g: "/app"),
    "volumes_from": Part(0.02, lambda g: [g.pick(*g.earlier()) + g.pick("", ":ro")] if g.earlier() else None), "attach": Part(0.03, boolean),
    "develop": Part(0.05, lambda g: {"watch": [{"path": "./src", "action": "sync", "target": "/app", "ignore": g.pick("x/", ["x/", "y/"]), "initial_sync": g.pick(True, False)}, {"path": "p", "action": "rebuild"}]}),
    "blkio_config": Part(0.03, lambda g: {"weight": 300, "weight_device": [{"path": "/dev/sda", "weight": 400}], "device_read_bps": [{"path": "/dev/sdb", "rate": g.pick("12mb", 1000)}]}),
    "post_start": Part(0.04, lambda g: [{"command": command(g) or "x", "user": "root", "environment": ["A=1"], "privileged": g.pick(True, False)}]),
    "pre_stop": Part(0.03, lambda g: [{"command": ["a"], "working_dir": "/w"}]), "models": Part(0.03, lambda g: [g.use("models", "llm")] if g.chance(0.5) else {g.use("models", "llm"): {"endpoint_var": "E"}}),
    "use_api_socket": Part(0.02, lambda g: g.pick(True, True, True, "${FLAG}")), "x-own": Part(0.06, lambda g: {"any": [1, "two", {"three": value(g)}]}),
}

DRIVEN = ({}, {"driver": "local", "driver_opts": {"a": "b", "n": 3}}, {"labels": ["a=b"]}, {"labels": {"a": 1, "b": True}}, {"name": "own-${TAG}"}, {"x-y": 1})
TOP = {
    "volumes": lambda g: g.pick(None, *DRIVEN, {"external": True}, {"external": True, "name": "there"}, {"driver": "local", "driver_opts": {"o": "bind", "type": "none", "device": "./d"}}),
    "networks": lambda g: g.pick(None, *DRIVEN, {"external": "true"}, {"internal": True, "attachable": False}, {"enable_ipv6": True, "ipam": {"config": [{"subnet": "10.0.0.0/16", "gateway": "10.0.0.1",
                                 "aux_addresses": {"a": "10.0.0.5"}}], "options": {"o": "p"}, "driver": "default"}}),
    "secrets": lambda g: g.pick({"file": "./s.txt"}, {"environment": "SECRET"}, {"external": True}, {"external": True, "name": "n"}, {"file": "/s", "labels": {"a": "b"}}),
    "configs": lambda g: g.pick({"file": "c.txt"}, {"content": "line ${TAG}\n"}, {"external": True}, {"environment": "HOST"}, {"content": "x", "name": "named"}),
    "models": lambda g: g.pick({"model": "ai/x"}, {"model": "ai/y", "context_size": 1024, "runtime_flags": ["--a"]}),
}
