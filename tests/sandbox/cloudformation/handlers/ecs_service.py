"""AWS::ECS::Service: made, changed and deleted, each time until the service is steady or its
deployment failed.

The deployment that a call started is waited for by its id: COMPLETED with all tasks, or FAILED,
which fails the resource with the sentence about the circuit breaker. A property taken out of the
template is cleared by what the API calls empty (CLEARED); one that cannot be cleared is an error. A
delete is forced, and waited for until the service is INACTIVE.
"""

from ..convert import to_bool
from ..errors import NotFound, ResourceError
from .base import Handler, only, register, without
from .ecs import lower_tags, retag

STEADY_TIMEOUT_SECONDS = 3 * 3600
RENAMES = {"PlacementStrategies": "placementStrategy"}
CHANGEABLE = (
    "AvailabilityZoneRebalancing",
    "CapacityProviderStrategy",
    "DeploymentConfiguration",
    "DesiredCount",
    "EnableECSManagedTags",
    "EnableExecuteCommand",
    "HealthCheckGracePeriodSeconds",
    "LoadBalancers",
    "NetworkConfiguration",
    "PlacementConstraints",
    "PlacementStrategies",
    "PlatformVersion",
    "PropagateTags",
    "ServiceConnectConfiguration",
    "ServiceRegistries",
    "TaskDefinition",
    "VolumeConfigurations",
    "VpcLatticeConfigurations",
)
# What the API is told when a property is taken out of the template. Not ServiceRegistries: those
# stay until the template says [] (github.com/aws/containers-roadmap/issues/1746).
CLEARED = {
    "LoadBalancers": [],
    "PlacementConstraints": [],
    "PlacementStrategies": [],
    "CapacityProviderStrategy": [],
    "HealthCheckGracePeriodSeconds": 0,
    "EnableExecuteCommand": False,
    "EnableECSManagedTags": False,
    "PropagateTags": "NONE",
    "PlatformVersion": "LATEST",
    "VolumeConfigurations": [],
    "VpcLatticeConfigurations": [],
}


@register
class Service(Handler):
    type = "AWS::ECS::Service"
    name_property = "ServiceName"
    updatable = (*CHANGEABLE, "ForceNewDeployment", "Tags")

    def create(self, call, props):
        rest = without(props, "ServiceName", "ForceNewDeployment", "Tags")
        if rest.get("SchedulingStrategy", "REPLICA") == "REPLICA":
            rest.setdefault("DesiredCount", 1)
        made = call.call(
            "ecs",
            "CreateService",
            rest,
            RENAMES,
            serviceName=props.get("ServiceName") or call.name(255),
            tags=lower_tags(call.tags(props)) or None,
        )["service"]
        arn = call.started(made["serviceArn"])
        self._steady(call, arn, props, _primary(made))
        return arn

    def _describe(self, call, arn: str, props: dict) -> dict:
        where = {"cluster": props["Cluster"]} if "Cluster" in props else {}
        reply = call.invoke("ecs", "DescribeServices", services=[arn], **where)
        if not reply["services"]:
            raise NotFound(call.handler_message(f"service {arn} was not found", "NotFound"))
        return reply["services"][0]

    def _steady(self, call, arn: str, props: dict, deployment: str) -> None:
        """Waits for the deployment that this call started: COMPLETED with all tasks, or FAILED."""

        def ready() -> bool:
            service = self._describe(call, arn, props)
            mine = [d for d in service["deployments"] if d["id"] == deployment]
            if not mine or mine[0].get("rolloutState") == "FAILED":
                raise ResourceError(
                    call.handler_message(
                        "Error occurred during operation 'ECS Deployment Circuit Breaker was "
                        "triggered'.",
                        "GeneralServiceException",
                    )
                )
            current = mine[0]
            return (
                current["status"] == "PRIMARY"
                and current.get("rolloutState", "COMPLETED") == "COMPLETED"
                and current["runningCount"] == current["desiredCount"]
                and len(service["deployments"]) == 1
            )

        call.wait(f"service {arn} to be steady", ready, STEADY_TIMEOUT_SECONDS)

    def update(self, call, physical_id, old, new, changed):
        where = {"cluster": new["Cluster"]} if "Cluster" in new else {}
        wanted = {}
        for name in sorted(changed & set(CHANGEABLE)):
            if name in new:
                wanted[name] = new[name]
            elif name in CLEARED:
                wanted[name] = CLEARED[name]
            elif name in ("DesiredCount", "ServiceRegistries", "AvailabilityZoneRebalancing"):
                continue
            else:
                raise ResourceError(f"the sandbox cannot take {name} out of a service")
        force = {}
        forced = new.get("ForceNewDeployment", {})
        if "ForceNewDeployment" in changed and to_bool(
            forced.get("EnableForceNewDeployment", False)
        ):
            force = {"forceNewDeployment": True}
        if wanted or force:
            service = call.call(
                "ecs", "UpdateService", wanted, RENAMES, service=physical_id, **where, **force
            )["service"]
            self._steady(call, physical_id, new, _primary(service))
        if "Tags" in changed:
            retag(call, physical_id, old, new)

    def replaces(self, old, new, path):
        return old.get("LaunchType") != new.get("LaunchType")

    def delete(self, call, physical_id, props):
        where = only(props, "Cluster")
        service = self._describe(call, physical_id, props)
        if service["status"] == "INACTIVE":
            return
        call.call("ecs", "DeleteService", where, service=physical_id, force=True)

        def gone() -> bool:
            try:
                return self._describe(call, physical_id, props)["status"] == "INACTIVE"
            except NotFound:
                return True

        call.wait(f"the deletion of service {physical_id}", gone)

    def attributes(self, call, physical_id, props):
        return {"ServiceArn": physical_id, "Name": physical_id.rpartition("/")[2]}


def _primary(service: dict) -> str:
    return next(d["id"] for d in service["deployments"] if d["status"] == "PRIMARY")
