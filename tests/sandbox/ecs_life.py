"""The life of one task, in a thread of its own: PROVISIONING, PENDING, ACTIVATING, RUNNING,
DEACTIVATING, STOPPING, DEPROVISIONING, STOPPED, each with its time, its events and the reasons ECS
gives.

On the way up the task gets its interface and then all that the Fargate agent would fetch: registry,
secrets, log groups, images, file systems. Each of them fails with the agent's sentence, also for
want of a way to the internet or to an endpoint of the service. Then its containers start in the
order of their dependencies (workload.Container). Running, it is watched until an essential
container ends or a stop is ordered; on the way down it leaves load balancer and Cloud Map first,
and then all its containers are told to end.

What must hold: every task reaches STOPPED, also when the sandbox itself fails; the first order to
stop gives the reason; the store's lock is held for short changes only, never for a wait. Sentences
are those that ECS shows.
"""

from __future__ import annotations

import re
import threading
import time
import traceback
from typing import Any

from . import ecs_events, ecs_network, ecs_registries, efs, permissions
from .ecs_registries import full_reference
from .ecs_secrets import secret_value
from .ecs_tasks import order_stop
from .workload import Container

# workloads here end at once, but for those that really run and ask for more with stopTimeout
STOP_GRACE = 5.0
ECR_IMAGE = re.compile(
    r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+)(?::([\w.-]+))?(?:@(sha256:"
    r"[0-9a-f]{64}))?"
)
MAX_STARTING = 900.0


class StartError(Exception):
    """The task cannot start; the text is its stoppedReason."""

    def __init__(self, reason: str, container: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.container = container


def start(sandbox: Any, task: dict[str, Any]) -> None:
    threading.Thread(
        target=Life(sandbox, task).run, name=f"task {task['_id'][:8]}", daemon=True
    ).start()


class Life:
    def __init__(self, sandbox: Any, task: dict[str, Any]) -> None:
        self.sandbox, self.task = sandbox, task
        self.context, self.ecs = sandbox.context, sandbox.parts["ecs"]
        self.account, self.region = task["_account"], task["_region"]
        self.definition = task["_definition"]
        self.stop: threading.Event = task["_stop"]
        self.containers: list[Container] = []
        self.waiting: list[Container] = []
        task["_life"] = self

    def run(self) -> None:
        try:
            try:
                self.begin()
                self.follow()
            except StartError as failed:
                for record in self.task["containers"]:
                    if failed.container in (None, record["name"]):
                        record["reason"] = failed.reason
                order_stop(self.ecs, self.task, "TaskFailedToStart", failed.reason)
            except Exception as broken:
                traceback.print_exc()
                order_stop(
                    self.ecs,
                    self.task,
                    "TaskFailedToStart",
                    f"InternalError: the sandbox failed: {broken!r}",
                )
            self.end()
        except Exception:
            traceback.print_exc()

    def wait(self, kind: str) -> bool:
        return self.stop.wait(self.context.seconds(kind)) or self.context.stop.is_set()

    def state(self, status: str, **more: Any) -> None:
        with self.ecs.lock:
            self.task["lastStatus"] = status
            self.task["version"] += 1
            self.task.update(more)
        ecs_events.task_changed(self.context, self.task)

    def changed(self, record: dict[str, Any], **more: Any) -> None:
        with self.ecs.lock:
            record.update(more)
            self.task["version"] += 1

    # -- up

    def begin(self) -> None:
        ecs_events.task_changed(self.context, self.task)
        if self.wait("ecs-provisioning"):
            return
        ecs_network.attach(
            self.task,
            self.task["_vpc_configuration"],
            self.task["_index"],
            self.account,
            self.region,
        )
        self.state("PENDING", connectivityAt=self.ecs.now(), pullStartedAt=self.ecs.now())
        if self.wait("ecs-pending"):
            return
        secrets = self.initialise()
        trouble = efs.mount_error(self.task, self.definition)
        if trouble:
            raise StartError(trouble)
        self.task["pullStoppedAt"] = self.ecs.now()
        for definition in self.definition["containerDefinitions"]:
            record = next(r for r in self.task["containers"] if r["name"] == definition["name"])
            self.containers.append(
                Container(self.sandbox, self.task, definition, record, secrets[definition["name"]])
            )
        self.waiting = list(self.containers)
        self.state("ACTIVATING")
        self.register()
        if self.wait("ecs-activating"):
            return
        deadline = time.monotonic() + MAX_STARTING
        while not self.stop.is_set() and self.start_ready() and not self.essential_ended():
            if time.monotonic() > deadline:
                raise StartError("Timed out waiting for the dependencies of the containers.")
            self.stop.wait(0.02)
            self.observe()
        if not self.stop.is_set() and not self.waiting:
            self.state("RUNNING", startedAt=self.ecs.now())

    def start_ready(self) -> bool:
        """Start the containers whose dependencies hold; True while some still wait."""
        for container in list(self.waiting):
            if all(self.holds(d) for d in container.definition.get("dependsOn", [])):
                self.waiting.remove(container)
                number = f"{len(self.waiting)}{abs(hash(container.name)) % 10**9}"
                self.changed(
                    container.record,
                    lastStatus="RUNNING",
                    runtimeId=f"{self.task['_id']}-{number}",
                )
                container.start()
        return bool(self.waiting)

    def holds(self, dependency: dict[str, str]) -> bool:
        other = next(c for c in self.containers if c.name == dependency["containerName"])
        if other in self.waiting:
            return False
        condition = dependency["condition"]
        if condition == "START":
            return True
        if condition == "HEALTHY":
            return bool(other.record["healthStatus"] == "HEALTHY")
        if not other.ended.is_set():
            return False
        if condition == "SUCCESS" and other.exit_code != 0:
            raise StartError(
                f"Container '{other.name}' exited with code {other.exit_code}, but another one "
                "depends on its success."
            )
        return True

    # -- running

    def follow(self) -> None:
        while not self.stop.is_set() and not self.context.stop.is_set():
            self.observe()
            if self.essential_ended():
                order_stop(
                    self.ecs,
                    self.task,
                    "EssentialContainerExited",
                    "Essential container in task exited",
                )
                return
            self.stop.wait(0.02 if self.context.fast else 0.1)

    def essential_ended(self) -> bool:
        return any(
            c.ended.is_set() and c.definition.get("essential", True) for c in self.containers
        )

    def observe(self) -> None:
        """Bring ends and health of containers into the task."""
        for container in self.containers:
            if container.ended.is_set() and container.record["lastStatus"] != "STOPPED":
                self.changed(container.record, lastStatus="STOPPED", exitCode=container.exit_code)
            elif (
                container.definition.get("healthCheck")
                and container.ready_at is not None
                and not container.ended.is_set()
            ):
                self.check(container)
        states = [
            c.record["healthStatus"]
            for c in self.containers
            if c.definition.get("healthCheck") and c.definition.get("essential", True)
        ]
        health = (
            "UNHEALTHY"
            if "UNHEALTHY" in states
            else "HEALTHY"
            if states and set(states) == {"HEALTHY"}
            else "UNKNOWN"
        )
        if health != self.task["healthStatus"]:
            with self.ecs.lock:
                self.task["healthStatus"] = health
                self.task["version"] += 1
        for arn, name, port in self.task.get("_targets", []):
            container = next(c for c in self.containers if c.name == name)
            self.sandbox.parts["targets"].mark(
                arn,
                self.task["_ip"],
                port,
                container.unhealthy or not container.listening or container.ended.is_set(),
            )

    def check(self, container: Container) -> None:
        check = container.definition["healthCheck"]
        if check["command"][0] == "NONE":
            return
        interval = self.context.seconds("health-interval")
        passed = time.monotonic() - (container.ready_at or 0.0)
        if container.healthy and passed >= interval:
            status = "HEALTHY"
        elif not container.healthy and passed >= interval * check.get("retries", 3):
            status = "UNHEALTHY"
        else:
            return
        if container.record["healthStatus"] != status:
            self.changed(container.record, healthStatus=status)
            ecs_events.task_changed(self.context, self.task)

    # -- down

    def end(self) -> None:
        serving = bool(self.task.get("_targets") or self.task.get("_instances"))
        if self.containers and serving:
            self.state("DEACTIVATING")
            self.deregister()
            self.context.sleep(self.context.seconds("ecs-deactivating"))
        if self.containers:
            self.state("STOPPING")
            for container in self.containers:
                if container in self.waiting:
                    container.ended.set()
                container.stopping.set()
            self.context.sleep(self.context.seconds("ecs-stopping"))
            self.reap()
        self.task["executionStoppedAt"] = self.ecs.now()
        self.state("DEPROVISIONING")
        self.context.sleep(self.context.seconds("ecs-deprovisioning"))
        ecs_network.detach(self.task, self.account, self.region)
        for record in self.task["containers"]:
            record["lastStatus"] = "STOPPED"
        self.state("STOPPED", stoppedAt=self.ecs.now(), connectivity="DISCONNECTED")

    def reap(self) -> None:
        deadline = time.monotonic() + max(
            [STOP_GRACE, *(float(c.definition.get("stopTimeout", 0)) for c in self.containers)]
        )
        for container in self.containers:
            if container.ended.wait(max(0.0, deadline - time.monotonic())):
                code = container.exit_code
                self.changed(
                    container.record,
                    lastStatus="STOPPED",
                    **({} if code is None else {"exitCode": code}),
                )
            else:
                self.changed(container.record, lastStatus="STOPPED", exitCode=137)

    # -- what a start needs

    def initialise(self) -> dict[str, dict[str, str]]:
        """Registry, secrets, log groups and images, as the Fargate agent does it; the secrets by
        container.
        """
        vpc = self.task["_vpc_configuration"]
        online = ecs_network.reaches_internet(
            self.task["_subnet"],
            self.task["_vpc"],
            self.task["launchType"] == "EC2" or vpc.get("assignPublicIp") == "ENABLED",
            self.account,
            self.region,
        )
        endpoints = ecs_network.endpoint_services(self.task["_vpc"], self.account, self.region)
        secrets = {}
        for definition in self.definition["containerDefinitions"]:
            self.registry(definition, online, endpoints)
            secrets[definition["name"]] = self.secrets(definition, online, endpoints)
            self.log_group(definition, online, endpoints)
        return secrets

    def timed_out(self, service: str, what: str) -> StartError:
        return StartError(
            "ResourceInitializationError: unable to pull secrets or registry auth: execution "
            f"resource retrieval failed: {what}: service call has been retried 3 time(s): "
            "RequestError: send request failed caused "
            f'by: Post "https://{service}.{self.region}.amazonaws.com/": '
            "dial tcp: i/o timeout. Please check your task network configuration."
        )

    def registry(self, definition: dict[str, Any], online: bool, endpoints: set[str]) -> None:
        image = definition["image"]
        match = ECR_IMAGE.fullmatch(image)
        if not match:
            if not online:
                raise StartError(
                    "CannotPullContainerError: pull image manifest has been retried 5 time(s): "
                    f"failed to resolve ref {full_reference(image)}: failed to do request: "
                    f'Head "https://{full_reference(image).split("/")[0]}/v2/": dial tcp: i/o '
                    "timeout",
                    definition["name"],
                )
            trouble = ecs_registries.trouble(self, definition.get("repositoryCredentials"), image)
            if trouble:
                raise StartError(trouble, definition["name"])
            return
        if not online and not {"ecr.api", "ecr.dkr", "s3"} <= endpoints:
            raise self.timed_out("api.ecr", "unable to retrieve ecr registry auth")
        if not self.definition.get("executionRoleArn"):
            raise StartError(
                "ResourceInitializationError: unable to pull secrets or registry auth: execution "
                "role is required to pull from ECR",
                definition["name"],
            )
        account, region, repository, tag, digest = match.groups()
        if account != self.account:
            trouble = ecs_registries.foreign(self, account, region, repository)
            if trouble:
                raise StartError(trouble, definition["name"])
            return
        found = self.sandbox.parts["ecr"].resolve(
            account, region, repository, tag or "latest", digest
        )
        if found is None:
            reference = digest or tag or "latest"
            raise StartError(
                (
                    "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
                    f"failed to resolve ref {image}: {image}: not found"
                )
                if tag or digest
                else f"CannotPullContainerError: {image}:{reference}: not found",
                definition["name"],
            )
        record = next(r for r in self.task["containers"] if r["name"] == definition["name"])
        self.changed(record, imageDigest=found)

    def secrets(
        self, definition: dict[str, Any], online: bool, endpoints: set[str]
    ) -> dict[str, str]:
        values, missing = {}, []
        for secret in definition.get("secrets", []):
            source = secret["valueFrom"]
            service = "secretsmanager" if ":secretsmanager:" in source else "ssm"
            if not online and service not in endpoints:
                raise self.timed_out(service, f"unable to retrieve secrets from {service}")
            self.check_right(definition, service, source)
            value = secret_value(source, self.account, self.region)
            if value is None:
                missing.append(
                    source.split(":parameter", 1)[-1] if ":parameter" in source else source
                )
            else:
                values[secret["name"]] = value
        if missing:
            raise StartError(
                "ResourceInitializationError: unable to pull secrets or registry auth: execution "
                "resource retrieval failed: unable to retrieve secrets from ssm: "
                "service call has been retried 1 time(s): invalid parameters: "
                f"{', '.join(missing)}",
                definition["name"],
            )
        return values

    def check_right(self, definition: dict[str, Any], service: str, source: str) -> None:
        """The execution role fetches what a container is given, and has to have the right."""
        action = (
            "secretsmanager:GetSecretValue" if service == "secretsmanager" else "ssm:GetParameters"
        )
        resource = source
        if service == "secretsmanager":
            resource = ":".join(source.split(":")[:7])
        elif not source.startswith("arn:"):
            resource = f"arn:aws:ssm:{self.region}:{self.account}:parameter/{source.lstrip('/')}"
        role = self.definition.get("executionRoleArn", "")
        if not permissions.role_may(self.account, role, action, resource):
            raise StartError(
                "ResourceInitializationError: unable to pull secrets or registry auth: execution "
                f"resource retrieval failed: AccessDeniedException: User: {role} is not "
                f"authorized to perform: {action} on resource: {resource}",
                definition["name"],
            )

    def log_group(self, definition: dict[str, Any], online: bool, endpoints: set[str]) -> None:
        from moto.logs.models import logs_backends

        log = definition.get("logConfiguration", {})
        if log.get("logDriver") != "awslogs":
            return
        if not online and "logs" not in endpoints:
            raise StartError(
                "ResourceInitializationError: failed to validate logger args: create stream has "
                "been retried 3 times: failed to create Cloudwatch log stream: "
                "RequestError: send request failed caused by: Post "
                f'"https://logs.{self.region}.amazonaws.com/": dial tcp: i/o timeout : exit '
                "status 1"
            )
        options = log["options"]
        logs = logs_backends[self.account][options["awslogs-region"]]
        if options["awslogs-group"] in logs.groups:
            return
        if options.get("awslogs-create-group") == "true":
            logs.ensure_log_group(options["awslogs-group"])
            return
        raise StartError(
            "ResourceInitializationError: failed to validate logger args: create stream has been "
            "retried 1 times: failed to create Cloudwatch log stream: "
            "ResourceNotFoundException: The specified log group does not exist. : exit status 1"
        )

    # -- load balancer and Cloud Map

    def register(self) -> None:
        for balancer in self.task.get("_load_balancers", []):
            arn, port = balancer.get("targetGroupArn"), balancer["containerPort"]
            self.sandbox.parts["targets"].register(arn, self.task["_ip"], port)
            self.task.setdefault("_targets", []).append((arn, balancer["containerName"], port))
        for registry in self.task.get("_registries", []):
            attributes = {
                "AWS_INSTANCE_IPV4": self.task["_ip"],
                "AVAILABILITY_ZONE": self.task["availabilityZone"],
                "REGION": self.region,
                "ECS_CLUSTER_NAME": self.task["clusterArn"].split("/")[-1],
                "ECS_SERVICE_NAME": self.task["group"].removeprefix("service:"),
                "ECS_TASK_DEFINITION_FAMILY": self.definition["family"],
            }
            port = registry.get("containerPort") or registry.get("port")
            if port:
                attributes["AWS_INSTANCE_PORT"] = str(port)
            self.sandbox.parts["servicediscovery"].register(
                self.account, self.region, registry["registryArn"], self.task["_id"], attributes
            )
            self.task.setdefault("_instances", []).append(registry["registryArn"])

    def deregister(self) -> None:
        for arn, _, port in self.task.get("_targets", []):
            self.sandbox.parts["targets"].deregister(arn, self.task["_ip"], port)
        for arn in self.task.get("_instances", []):
            self.sandbox.parts["servicediscovery"].deregister(
                self.account, self.region, arn, self.task["_id"]
            )
