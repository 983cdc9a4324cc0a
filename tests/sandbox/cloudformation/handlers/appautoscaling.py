"""AWS::ApplicationAutoScaling: ScalableTarget, ScalingPolicy."""

from ..errors import ResourceError
from .base import Handler, only, register, without

AUTOSCALING = "application-autoscaling"
IDENTITY = ("ResourceId", "ScalableDimension", "ServiceNamespace")


@register
class ScalableTarget(Handler):
    type = "AWS::ApplicationAutoScaling::ScalableTarget"
    updatable = ("MaxCapacity", "MinCapacity", "RoleARN", "SuspendedState")

    def create(self, call, props):
        call.call(AUTOSCALING, "RegisterScalableTarget", props)
        return "|".join(props[n] for n in IDENTITY)

    def update(self, call, physical_id, old, new, changed):
        call.call(AUTOSCALING, "RegisterScalableTarget", new)

    def delete(self, call, physical_id, props):
        call.invoke(AUTOSCALING, "DeregisterScalableTarget", **only(props, *IDENTITY))

    def attributes(self, call, physical_id, props):
        return {"Id": physical_id}


@register
class ScalingPolicy(Handler):
    type = "AWS::ApplicationAutoScaling::ScalingPolicy"
    updatable = (
        "PolicyType",
        "StepScalingPolicyConfiguration",
        "TargetTrackingScalingPolicyConfiguration",
    )

    @staticmethod
    def _target(props: dict) -> dict:
        """The three parts of the target, given directly or as the Ref of a ScalableTarget."""
        if "ScalingTargetId" not in props:
            return only(props, *IDENTITY)
        parts = str(props["ScalingTargetId"]).split("|")
        if len(parts) != 3:
            raise ResourceError(
                f"ScalingTargetId {props['ScalingTargetId']} is not the Ref of a scalable target"
            )
        return dict(zip(IDENTITY, parts, strict=True))

    def _put(self, call, props: dict) -> str:
        rest = without(props, "ScalingTargetId", *IDENTITY)
        return call.call(AUTOSCALING, "PutScalingPolicy", {**rest, **self._target(props)})[
            "PolicyARN"
        ]

    def create(self, call, props):
        return self._put(call, props)

    def update(self, call, physical_id, old, new, changed):
        self._put(call, new)

    def delete(self, call, physical_id, props):
        call.invoke(
            AUTOSCALING,
            "DeleteScalingPolicy",
            PolicyName=props["PolicyName"],
            **self._target(props),
        )

    def attributes(self, call, physical_id, props):
        return {"Arn": physical_id}
