"""The service scheduler: one thread that brings every service nearer to what it is meant to be.

Rolling deployments within minimum and maximum percent, replacement of failed and unhealthy tasks,
the circuit breaker with rollback, steady state, drain; with the event texts that ECS writes. Each
look at a service is a Round: count failures, break the circuit, kill the unhealthy, place and stop
tasks, count, settle. Decisions are made under the store's lock; tasks are started and events sent
after it.
"""

from __future__ import annotations

import math
import threading
import time
import traceback
from typing import Any

from . import ecs_events, targets
from .ecs_life import start
from .ecs_services import add_event, new_deployment
from .ecs_store import Region
from .ecs_tasks import new_task, order_stop

BREAKER_MIN, BREAKER_MAX = 3, 200
STARTING = ("PROVISIONING", "PENDING", "ACTIVATING")


class Scheduler:
    def __init__(self, sandbox: Any) -> None:
        self.sandbox, self.context, self.ecs = sandbox, sandbox.context, sandbox.parts["ecs"]
        threading.Thread(target=self.run, name="ecs-scheduler", daemon=True).start()

    def run(self) -> None:
        while not self.context.sleep(self.context.seconds("ecs-reconcile")):
            with self.ecs.lock:
                work = [
                    (r, s)
                    for r in self.ecs.regions.values()
                    for s in r.services.values()
                    if s["status"] != "INACTIVE"
                ]
            for region, service in work:
                try:
                    Round(self, region, service).reconcile()
                except Exception:
                    traceback.print_exc()


class Round:
    """One look at one service."""

    def __init__(self, scheduler: Scheduler, region: Region, service: dict[str, Any]) -> None:
        self.scheduler, self.region, self.service = scheduler, region, service
        self.context, self.ecs, self.sandbox = scheduler.context, scheduler.ecs, scheduler.sandbox
        self.begun: list[dict[str, Any]] = []
        self.actions: list[tuple[str, str, dict[str, Any]]] = []

    def reconcile(self) -> None:
        with self.ecs.lock:
            self.primary = self.service["deployments"][0]
            self.count_failures()
            self.break_circuit()
            self.kill_unhealthy()
            self.place()
            self.count()
            self.settle()
            announced, self.service["_announce"] = self.service["_announce"], []
        for task in self.begun:
            start(self.sandbox, task)
        for name, reason, deployment in announced:
            ecs_events.deployment_changed(self.context, self.service, name, reason, deployment)
        for name, kind, more in self.actions:
            ecs_events.service_action(self.context, self.service, name, kind, **more)

    def say(self, text: str) -> None:
        add_event(self.ecs, self.service, text)

    def live(self) -> list[dict[str, Any]]:
        return [t for t in self.region.tasks_of(self.service) if t["desiredStatus"] == "RUNNING"]

    def deployment_of(self, task: dict[str, Any]) -> dict[str, Any] | None:
        return next((d for d in self.service["deployments"] if d["id"] == task["startedBy"]), None)

    def count_failures(self) -> None:
        for task in self.region.tasks.values():
            if (
                task.get("_service") != self.service["serviceArn"]
                or task["desiredStatus"] != "STOPPED"
                or task.get("_counted")
            ):
                continue
            task["_counted"] = True
            if task["stopCode"] not in (
                "TaskFailedToStart",
                "EssentialContainerExited",
            ) and not task.get("_unhealthy"):
                continue
            deployment = self.deployment_of(task)
            if deployment and deployment["rolloutState"] == "IN_PROGRESS":
                deployment["failedTasks"] += 1
                deployment["_consecutive"] += 1
                deployment["_steady_since"] = None
                deployment["updatedAt"] = self.ecs.now()
            self.service["_steady"] = False
            self.service["_failing"] = self.service.get("_failing", 0) + 1
            self.service["_retry_at"] = time.monotonic() + self.context.seconds(
                "ecs-reconcile"
            ) * min(4, self.service["_failing"])
            if task["stopCode"] == "TaskFailedToStart" and self.service["_failing"] == 1:
                self.say(
                    f"was unable to start a task: (task {task['_id']}) "
                    f"{task['stoppedReason'][:200]}."
                )
            if self.service["_failing"] == 3:
                self.say(
                    "is unable to consistently start tasks successfully. For more information, "
                    "see the Troubleshooting section of the Amazon ECS Developer Guide."
                )
                self.actions.append(("SERVICE_TASK_START_IMPAIRED", "WARN", {}))

    def break_circuit(self) -> None:
        breaker = self.service["deploymentConfiguration"]["deploymentCircuitBreaker"]
        threshold = min(
            BREAKER_MAX, max(BREAKER_MIN, math.ceil(self.service["desiredCount"] * 0.5))
        )
        if (
            self.primary["rolloutState"] != "IN_PROGRESS"
            or not breaker["enable"]
            or self.primary["_consecutive"] < threshold
        ):
            return
        reason = "ECS deployment circuit breaker: tasks failed to start."
        failed = self.primary
        failed.update(rolloutState="FAILED", rolloutStateReason=reason, updatedAt=self.ecs.now())
        self.say(f"(deployment {failed['id']}) deployment failed: tasks failed to start.")
        self.service["_announce"].append(("SERVICE_DEPLOYMENT_FAILED", reason, failed))
        completed = self.service["_completed"]
        if breaker.get("rollback") and completed is not None:
            self.say(f"rolling back to (deployment {completed['id']}).")
            self.service.update({k: v for k, v in completed["_wishes"].items() if v is not None})
            self.primary = new_deployment(self.ecs, self.service, completed["_definition"])
            self.primary["rolloutStateReason"] = (
                f"ECS deployment circuit breaker: rolling back to deploymentId {completed['id']}."
            )

    def kill_unhealthy(self) -> None:
        for task in self.live():
            if task["lastStatus"] != "RUNNING":
                continue
            if task["healthStatus"] == "UNHEALTHY":
                task["_unhealthy"] = True
                self.say(f"(task {task['_id']}) failed container health checks.")
                order_stop(
                    self.ecs,
                    task,
                    "ServiceSchedulerInitiated",
                    "Task failed container health checks",
                )
                continue
            grace = min(
                float(self.service.get("healthCheckGracePeriodSeconds", 0)),
                4 * self.context.seconds("target-initial"),
            )
            age = (self.ecs.now() - task["startedAt"]).total_seconds()
            for arn, _, port in task.get("_targets", []):
                if (
                    age >= grace + self.context.seconds("container-start") * 3
                    and self.target_state(arn, task, port) == "unhealthy"
                ):
                    task["_unhealthy"] = True
                    self.say(
                        f"(port {port}) is unhealthy in (target-group {arn}) due to (reason "
                        "Health checks failed)."
                    )
                    order_stop(
                        self.ecs,
                        task,
                        "ServiceSchedulerInitiated",
                        f"Task failed ELB health checks in (target-group {arn})",
                    )
                    self.say(f"has stopped 1 running tasks: (task {task['_id']}).")
                    break

    def target_state(self, arn: str, task: dict[str, Any], port: int) -> str:
        group = targets.groups(self.region.account, self.region.region).get(arn)
        return (
            self.sandbox.parts["targets"].health(group, task["_ip"], port)[0] if group else "unused"
        )

    def good(self, task: dict[str, Any]) -> bool:
        """Running, and healthy by every check it has."""
        if task["lastStatus"] != "RUNNING":
            return False
        checked = any(
            c.get("healthCheck", {}).get("command", ["NONE"])[0] != "NONE"
            for c in task["_definition"]["containerDefinitions"]
            if c.get("essential", True)
        )
        if checked and task["healthStatus"] != "HEALTHY":
            return False
        return all(
            self.target_state(arn, task, port) == "healthy"
            for arn, _, port in task.get("_targets", [])
        )

    def place(self) -> None:
        live = self.live()
        desired = self.service["desiredCount"] if self.service["status"] == "ACTIVE" else 0
        configuration = self.service["deploymentConfiguration"]
        new = [t for t in live if t["startedBy"] == self.primary["id"]]
        old = [t for t in live if t["startedBy"] != self.primary["id"]]
        lower = math.ceil(desired * configuration["minimumHealthyPercent"] / 100)
        upper = math.floor(desired * configuration["maximumPercent"] / 100)
        present = sum(1 for t in self.region.tasks_of(self.service))
        if self.primary["rolloutState"] == "FAILED":
            self.stop_tasks([t for t in new if t["lastStatus"] in STARTING], self.primary)
            return
        wanted = desired - len(new)
        if wanted > 0 and time.monotonic() >= self.service.get("_retry_at", 0.0):
            self.launch(min(wanted, max(0, upper - (present if old else len(live)))))
        surplus = sorted(new, key=lambda t: (self.good(t), t["createdAt"]))[: max(0, -wanted)]
        if old:
            spare = sum(self.good(t) for t in live) - lower
            for task in sorted(old, key=self.good):
                if not self.good(task) or spare > 0:
                    spare -= self.good(task)
                    surplus.append(task)
        self.stop_tasks(surplus, self.primary)

    def launch(self, count: int) -> None:
        if count <= 0:
            return
        cluster = self.region.cluster(self.service["clusterArn"])
        definition = self.primary["_definition"]
        for _ in range(count):
            self.begun.append(
                new_task(
                    self.ecs,
                    self.region,
                    cluster,
                    definition,
                    group=f"service:{self.service['serviceName']}",
                    startedBy=self.primary["id"],
                    tags=list(self.primary["_tags"]),
                    capacityProviderName=self.primary["_provider"],
                    _service=self.service["serviceArn"],
                    _vpc_configuration=self.service["networkConfiguration"]["awsvpcConfiguration"],
                    _load_balancers=self.service["loadBalancers"],
                    _registries=self.service["serviceRegistries"],
                    enableExecuteCommand=self.service["enableExecuteCommand"],
                )
            )
        names = " ".join(f"(task {t['_id']})" for t in self.begun)
        self.say(f"has started {count} tasks: {names}.")
        self.primary["updatedAt"] = self.ecs.now()

    def stop_tasks(self, tasks: list[dict[str, Any]], deployment: dict[str, Any]) -> None:
        if not tasks:
            return
        if any(t.get("_targets") for t in tasks):
            self.say(f"has begun draining connections on {len(tasks)} tasks.")
            for arn in sorted({arn for t in tasks for arn, _, _ in t.get("_targets", [])}):
                self.say(f"deregistered {len(tasks)} targets in (target-group {arn})")
        for task in tasks:
            order_stop(
                self.ecs,
                task,
                "ServiceSchedulerInitiated",
                f"Scaling activity initiated by (deployment {deployment['id']})",
            )
        names = " ".join(f"(task {t['_id']})" for t in tasks)
        self.say(f"has stopped {len(tasks)} running tasks: {names}.")

    def count(self) -> None:
        tasks = self.region.tasks_of(self.service)
        for deployment in self.service["deployments"]:
            own = [
                t
                for t in tasks
                if t["startedBy"] == deployment["id"] and t["desiredStatus"] == "RUNNING"
            ]
            deployment["runningCount"] = sum(t["lastStatus"] == "RUNNING" for t in own)
            deployment["pendingCount"] = sum(t["lastStatus"] in STARTING for t in own)
            deployment["desiredCount"] = (
                self.service["desiredCount"] if deployment is self.primary else 0
            )
        self.service["runningCount"] = sum(d["runningCount"] for d in self.service["deployments"])
        self.service["pendingCount"] = sum(d["pendingCount"] for d in self.service["deployments"])
        busy = {t["startedBy"] for t in tasks}
        self.service["deployments"] = [
            d for d in self.service["deployments"] if d is self.primary or d["id"] in busy
        ]
        for task in tasks:
            if task.get("_targets") and not task.get("_told") and task["lastStatus"] == "RUNNING":
                task["_told"] = True
                for arn, _, _ in task["_targets"]:
                    self.say(f"registered 1 targets in (target-group {arn})")

    def settle(self) -> None:
        if self.service["status"] == "DRAINING":
            if not self.region.tasks_of(self.service):
                self.service["status"] = "INACTIVE"
                self.service["deployments"] = self.service["deployments"][:1]
            return
        live = self.live()
        settled = len(live) == self.service["desiredCount"] and all(
            self.good(t) and t["startedBy"] == self.primary["id"] for t in live
        )
        if not settled:
            self.primary["_steady_since"] = None
            return
        if self.primary["_steady_since"] is None:
            self.primary["_steady_since"] = time.monotonic()
        if (
            time.monotonic() - self.primary["_steady_since"] < self.context.seconds("ecs-steady")
            or len(self.service["deployments"]) > 1
        ):
            return
        if self.primary["rolloutState"] == "IN_PROGRESS":
            reason = f"ECS deployment {self.primary['id']} completed."
            self.primary.update(
                rolloutState="COMPLETED", rolloutStateReason=reason, updatedAt=self.ecs.now()
            )
            self.primary["_consecutive"] = 0
            self.service["_completed"] = self.primary
            self.service["_failing"] = 0
            self.say(f"(deployment {self.primary['id']}) deployment completed.")
            self.service["_announce"].append(("SERVICE_DEPLOYMENT_COMPLETED", reason, self.primary))
        if not self.service["_steady"]:
            self.service["_steady"] = True
            self.service["_failing"] = 0
            self.say("has reached a steady state.")
            self.actions.append(("SERVICE_STEADY_STATE", "INFO", {}))
