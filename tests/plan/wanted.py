"""What a project promises, read from its Compose file apart from the planner: who may be called by
whom, what stands in the zone, what is kept.
"""

import pathlib
import re
from typing import Any

import yaml

import projects

MODES = {  # NAT, capacity, retention, minimum healthy percent
    "": ("none", "FARGATE_SPOT", 1, 0),
    "balanced": ("single", "FARGATE_SPOT", 7, 100),
    "high_availability": ("per-zone", "FARGATE", 30, 100),
}
STORE_PORTS = {"x-defang-postgres": 5432, "x-defang-redis": 6379, "x-defang-mongodb": 27017}
PING = ("icmp", 3, 4)
GATEWAY = {
    "ports": [{"target": 4000, "mode": "host"}],
    "networks": ["model_provider_private"],
    "x-defang-llm": True,
}  # of a model


def merged(path: pathlib.Path) -> dict[str, Any]:
    """The services of a file with what it includes and extends; as much of Compose as our projects
    use.
    """
    node = yaml.safe_load(path.read_text())
    services = dict(node["services"])
    for other in node.get("include", []):
        services.update(merged(path.parent / other)["services"])
    for name in list(services):
        services[name] = extended(path, services, services[name])
    return {**node, "services": services}


def extended(
    path: pathlib.Path, services: dict[str, Any], service: dict[str, Any]
) -> dict[str, Any]:
    base = service.get("extends")
    if not base:
        return service
    source = (
        yaml.safe_load((path.parent / base["file"]).read_text())["services"]
        if "file" in base
        else services
    )
    return {
        **extended(path, source, source[base["service"]]),
        **{k: v for k, v in service.items() if k != "extends"},
    }


class Wanted:
    def __init__(self, name: str, path: pathlib.Path, plan: dict[str, Any]) -> None:
        node = merged(path)
        arguments = projects.arguments(name)
        self.node, self.plan = node, plan
        self.services: dict[str, dict[str, Any]] = {
            k: v
            for k, v in node["services"].items()
            if "debug" not in v.get("profiles", []) or "COMPOSE_PROFILES=debug" in arguments
        }
        self.services.update(
            {
                k: {**v, **GATEWAY}
                for k, v in self.services.items()
                if v.get("provider", {}).get("type") == "model"
            }
        )
        self.services.update(dict.fromkeys(node.get("models", {}), GATEWAY))
        self.nat, self.capacity, self.retention, self.min_healthy = MODES[
            node.get("x-defang-mode", "")
        ]
        self.nat = node.get("x-defang-nat", self.nat)
        self.retention = node.get("x-defang-settings", {}).get("log-retention-days", self.retention)
        self.adopted = "x-defang-aws" in node
        if self.adopted and node["x-defang-aws"].get("privateSubnetIDs"):
            self.nat = "adopted"
        self.zones = 3 if "DEFANG_ZONES=3" in arguments else 2
        project = re.sub(r"[^a-z0-9_-]", "", node["name"].lower())
        prod, acme = "prod" in arguments, "DEFANG_PREFIX=Acme" in arguments
        scope = f"{'Acme' if acme else 'Defang'}/{project}/{'prod' if prod else 'beta'}"
        self.config_path, self._logs = f"/{scope}/", f"/{scope}"
        self.label = f"{project.replace('_', '_')}{'-prod' if prod else ''}"
        self.domain = f"{self.label}.internal"
        self.repository = f"{'acme-' if acme else ''}{self.label}/kaniko-build"
        self.stores = {
            s: key
            for s, v in self.services.items()
            for key in STORE_PORTS
            if key in v and v[key] is not False
        }
        run = [
            s
            for s in self.services
            if s not in self.stores and "x-defang-static-files" not in self.services[s]
        ]
        self.built = [s for s in run if "build" in self.services[s]]
        # those with an ECS service: neither a container beside another, nor one that runs once
        self.containers = [
            s
            for s in run
            if not str(self.services[s].get("network_mode", "")).startswith("service:")
            and not self.once(s)
        ]
        self.ingress = [
            (s, p["target"]) for s in self.containers for p in self.ports(s) if p["ingress"]
        ]
        self.granted: set[tuple[str, str]] = set()
        self.kept_databases = sum(k == "x-defang-postgres" for k in self.stores.values())
        self.kept_caches = sum(k == "x-defang-redis" for k in self.stores.values())

    def log_group(self, which: str) -> str:
        return f"{self._logs}/{which}"

    def replicas(self, service: str) -> int:
        return (
            self.services[service]
            .get("deploy", {})
            .get("replicas", self.services[service].get("scale", 1))
        )

    def once(self, service: str) -> bool:
        return self.services[service].get("restart") == "no" or self.services[service].get(
            "deploy", {}
        ).get("mode", "").endswith("-job")

    def least_healthy(self, service: str) -> int:
        update = self.services[service].get("deploy", {}).get("update_config", {})
        return 100 if update.get("order") == "start-first" else self.min_healthy

    def networks(self, service: str) -> list[str]:
        return list(self.services[service].get("networks", ["default"]))

    def share(self, one: str, other: str) -> bool:
        """A network; a model's gateway has one with everybody."""
        either = set(self.networks(one)), set(self.networks(other))
        return bool(either[0] & either[1]) or {"model_provider_private"} in either

    def badges(self, service: str) -> set[str]:
        """Groups by logical id: whom it admits."""
        hubs = {
            f"HubSecurityGroup{logical_id(s)}"
            for s in self.services
            if len(self.networks(s)) > 4 and self.share(s, service)
        }
        mine = self.networks(service)
        if mine == ["model_provider_private"]:  # a gateway serves them all
            mine = [
                n for s in self.services for n in self.networks(s) if n != "model_provider_private"
            ] or ["default"]
        return hubs | {
            "AppSecurityGroup" if n == "default" else f"NetworkSecurityGroup{logical_id(n)}"
            for n in mine
        }

    def ports(self, service: str) -> list[dict[str, Any]]:
        found = []
        for port in self.services[service].get("ports", []):
            if isinstance(port, dict):
                protocol, host = port.get("protocol", "tcp"), port.get("mode") == "host"
                found.append(
                    {
                        "target": port["target"],
                        "protocol": protocol,
                        "ingress": not host,
                        "host": host,
                    }
                )
            else:
                number, _, protocol = str(port).split(":")[-1].partition("/")
                found.append(
                    {
                        "target": int(number),
                        "protocol": protocol or "tcp",
                        "ingress": protocol != "udp",
                        "host": protocol == "udp",
                    }
                )
        found += [
            {"target": p, "protocol": "tcp", "ingress": False, "host": False}
            for p in self.services[service].get("expose", [])
        ]
        return found

    def open_ports(self, service: str) -> list[dict[str, Any]]:
        return [p for p in self.ports(service) if p["host"] and "default" in self.networks(service)]

    def store_port(self, service: str) -> int:
        node = self.services[service]
        environment = node.get("environment", {})
        words = re.search(r"--port (\d+)", str(node.get("command", "")))
        if isinstance(environment, dict) and "PGPORT" in environment:
            return int(environment["PGPORT"])
        return (
            int(words[1])
            if words
            else node["ports"][0]["target"]
            if node.get("ports")
            else STORE_PORTS[self.stores[service]]
        )

    def admits(
        self, service: str | None, group: str, listeners: list[int]
    ) -> set[tuple[str, int | None, int | None, str]]:
        """Every rule that a group may have: (protocol, from, to, source)."""
        if group == "AlbSecurityGroup":
            return {("tcp", p, p, "0.0.0.0/0") for p in listeners}
        if group == "VolumeSecurityGroup":
            return {
                ("tcp", 2049, 2049, badge)
                for s in self.services
                if self.mounts(s) and "service:" not in self.services[s].get("network_mode", "")
                for badge in self.badges(s)
            }
        if service is None:
            return set()
        if service in self.stores:
            port = self.store_port(service)
            return {("tcp", port, port, badge) for badge in self.badges(service)}
        if service not in self.containers:
            return set()
        rules, opened = (
            {("-1", None, None, b) for b in self.badges(service)},
            self.open_ports(service),
        )
        for port in self.ports(service):
            where = (port["protocol"], port["target"], port["target"])
            if port in opened:
                rules.add((*where, "0.0.0.0/0"))
                continue
            if port["ingress"]:
                rules.add((*where, "AlbSecurityGroup"))
        if opened:
            rules.add((*PING, "0.0.0.0/0"))
        return rules

    def health_path(self, service: str, port: int) -> str:
        test = " ".join(map(str, self.services[service].get("healthcheck", {}).get("test", [])))
        found = re.findall(r"(?:localhost|127\.0\.0\.1)(?::\d+)?(/[^\s\"']*)?", test)
        return (found[-1] if found else "") or "/"

    def trusts_tasks(self, role: str) -> bool:
        return role in ("ExecutionRole", "KanikoRole") or role.startswith("TaskRole")

    def scaled(self, service: str) -> bool:
        return bool(self.services[service].get("x-defang-autoscaling"))

    def asks(self, service: str) -> bool:
        """Whether its role may do more than nothing."""
        return any(
            key in self.services.get(service, {}) for key in ("x-defang-llm", "x-defang-policies")
        )

    def mounts(self, service: str) -> str:
        """ "write" or "read" when the service has a folder that outlives its tasks."""
        mode = ""
        for mount in self.services.get(service, {}).get("volumes", []):
            source, read_only = (
                (mount.get("source"), mount.get("read_only"))
                if isinstance(mount, dict)
                else (mount.partition(":")[0] if ":" in mount else "", mount.endswith(":ro"))
            )
            if source in self.node.get("volumes", {}):
                mode = "write" if not read_only or mode == "write" else "read"
        return mode

    @property
    def store_labels(self) -> set[str]:
        return {label(s) for s in self.stores}

    @property
    def names(self) -> dict[str, int]:
        """Names of the private zone and how many addresses each has."""
        # Of a service that is scaled the sandbox runs one: ECS starts it so, and nothing scales.
        tasks = {
            label(s): 1 if self.scaled(s) else self.replicas(s)
            for s in self.containers
            if self.replicas(s)
        }
        return {**tasks, **dict.fromkeys(self.store_labels, 1), **dict.fromkeys(self.aliases, 1)}

    @property
    def aliases(self) -> dict[str, str]:
        """Other names of services, and the service's label that each leads to."""
        found: dict[str, str] = {}
        for service, node in self.services.items():
            if service not in self.containers and service not in self.stores:
                continue
            said = [service, node.get("container_name"), node.get("hostname")]
            networks = node.get("networks", [])
            for one in networks.values() if isinstance(networks, dict) else []:
                said += (one or {}).get("aliases", [])
            found |= {str(n).lower(): label(service) for n in said if n}
        for node in self.services.values():
            for link in node.get("links", []):
                of, _, name = link.partition(":")
                found |= {name: label(of)} if name else {}
        return {n: of for n, of in found.items() if "." not in n and n != of}


def logical_id(name: str) -> str:
    assert name.isalpha(), "a name with other letters has a digest in its id"
    return name.capitalize()


def label(service: str) -> str:
    return re.sub(r"[._]", "-", service.lower())
