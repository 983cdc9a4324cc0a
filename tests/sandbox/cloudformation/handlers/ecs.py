"""AWS::ECS: Cluster, ClusterCapacityProviderAssociations, CapacityProvider, TaskDefinition.

A task definition is registered anew: each change but that of its tags replaces it; the old one is
deregistered in the clean-up. ECS spells tags in lower case. A cluster's providers are a resource of
their own, set as a whole.
"""

from .base import Handler, only, register, without


def lower_tags(tags: list) -> list:
    return [{"key": t["Key"], "value": t["Value"]} for t in tags]


def retag(call, arn: str, old: dict, new: dict) -> None:
    gone = call.tags_gone(old, new)
    if gone:
        call.invoke("ecs", "UntagResource", resourceArn=arn, tagKeys=gone)
    tags = lower_tags(call.tags(new))
    if tags:
        call.invoke("ecs", "TagResource", resourceArn=arn, tags=tags)


@register
class Cluster(Handler):
    type = "AWS::ECS::Cluster"
    name_property = "ClusterName"
    updatable = (
        "CapacityProviders",
        "ClusterSettings",
        "Configuration",
        "DefaultCapacityProviderStrategy",
        "ServiceConnectDefaults",
        "Tags",
    )
    renames = {"ClusterSettings": "settings"}

    def create(self, call, props):
        name = props.get("ClusterName") or call.name(255)
        call.call(
            "ecs",
            "CreateCluster",
            without(props, "ClusterName", "Tags"),
            self.renames,
            clusterName=name,
            tags=lower_tags(call.tags(props)),
        )
        return name

    def update(self, call, physical_id, old, new, changed):
        settings = changed & {"ClusterSettings", "Configuration", "ServiceConnectDefaults"}
        if settings:
            call.call(
                "ecs", "UpdateCluster", only(new, *settings), self.renames, cluster=physical_id
            )
        if changed & {"CapacityProviders", "DefaultCapacityProviderStrategy"}:
            call.call(
                "ecs",
                "PutClusterCapacityProviders",
                {
                    "CapacityProviders": new.get("CapacityProviders", []),
                    "DefaultCapacityProviderStrategy": new.get(
                        "DefaultCapacityProviderStrategy", []
                    ),
                },
                cluster=physical_id,
            )
        if "Tags" in changed:
            retag(call, self._arn(call, physical_id), old, new)

    @staticmethod
    def _arn(call, name: str) -> str:
        return call.arn("ecs", f"cluster/{name}")

    def delete(self, call, physical_id, props):
        call.invoke("ecs", "DeleteCluster", cluster=physical_id)

    def attributes(self, call, physical_id, props):
        return {"Arn": self._arn(call, physical_id)}


@register
class ClusterCapacityProviderAssociations(Handler):
    type = "AWS::ECS::ClusterCapacityProviderAssociations"
    updatable = ("CapacityProviders", "DefaultCapacityProviderStrategy")

    def create(self, call, props):
        call.call("ecs", "PutClusterCapacityProviders", {"CapacityProviders": [], **props})
        return props["Cluster"]

    def update(self, call, physical_id, old, new, changed):
        self.create(call, new)

    def delete(self, call, physical_id, props):
        call.invoke(
            "ecs",
            "PutClusterCapacityProviders",
            cluster=physical_id,
            capacityProviders=[],
            defaultCapacityProviderStrategy=[],
        )


@register
class CapacityProvider(Handler):
    type = "AWS::ECS::CapacityProvider"
    name_property = "Name"
    updatable = ("AutoScalingGroupProvider", "Tags")

    def create(self, call, props):
        made = call.call(
            "ecs",
            "CreateCapacityProvider",
            without(props, "Name", "Tags"),
            name=props.get("Name") or call.name(255),
            tags=lower_tags(call.tags(props)) or None,
        )
        return made["capacityProvider"]["name"]

    def update(self, call, physical_id, old, new, changed):
        if "AutoScalingGroupProvider" in changed:
            call.call(
                "ecs",
                "UpdateCapacityProvider",
                {
                    "AutoScalingGroupProvider": without(
                        new["AutoScalingGroupProvider"], "AutoScalingGroupArn"
                    )
                },
                name=physical_id,
            )
        if "Tags" in changed:
            retag(call, call.arn("ecs", f"capacity-provider/{physical_id}"), old, new)

    def delete(self, call, physical_id, props):
        call.invoke("ecs", "DeleteCapacityProvider", capacityProvider=physical_id)


@register
class TaskDefinition(Handler):
    type = "AWS::ECS::TaskDefinition"
    updatable = ("Tags",)

    def create(self, call, props):
        made = call.call(
            "ecs",
            "RegisterTaskDefinition",
            without(props, "Family", "Tags"),
            family=props.get("Family") or call.name(255),
            tags=lower_tags(call.tags(props)) or None,
        )
        return made["taskDefinition"]["taskDefinitionArn"]

    def update(self, call, physical_id, old, new, changed):
        retag(call, physical_id, old, new)

    def delete(self, call, physical_id, props):
        call.invoke("ecs", "DeregisterTaskDefinition", taskDefinition=physical_id)

    def attributes(self, call, physical_id, props):
        return {"TaskDefinitionArn": physical_id}
