"""AWS::Events::Rule, with its targets."""

import json

from ..errors import ResourceError
from .base import Handler, register, without

NAMES = {
    "Targets.EcsParameters.TagList": "Tags",
    "Targets.EcsParameters.PlacementStrategies": "PlacementStrategy",
}
RULE = ("Description", "EventPattern", "RoleArn", "ScheduleExpression", "State")


@register
class Rule(Handler):
    type = "AWS::Events::Rule"
    name_property = "Name"
    updatable = (*RULE, "Targets", "Tags")

    @staticmethod
    def _bus(props: dict) -> dict:
        return {"EventBusName": props["EventBusName"]} if "EventBusName" in props else {}

    def _put(self, call, name: str, props: dict, **extra) -> str:
        rest = without(props, "Name", "Targets", "Tags")
        if isinstance(rest.get("EventPattern"), dict):
            rest["EventPattern"] = json.dumps(rest["EventPattern"])
        return call.call("events", "PutRule", rest, Name=name, **extra)["RuleArn"]

    def create(self, call, props):
        name = props.get("Name") or call.name(64)
        self._put(call, name, props, Tags=call.tags(props) or None)
        call.started(name)
        self._targets(call, name, [], props)
        return name

    def _targets(self, call, name: str, old: list, props: dict) -> None:
        new = props.get("Targets", [])
        gone = [t["Id"] for t in old if t["Id"] not in {n["Id"] for n in new}]
        if gone:
            call.invoke("events", "RemoveTargets", Rule=name, Ids=gone, **self._bus(props))
        if new:
            reply = call.call(
                "events", "PutTargets", {"Targets": new, **self._bus(props)}, NAMES, Rule=name
            )
            if reply.get("FailedEntryCount"):
                raise ResourceError(
                    call.handler_message(str(reply["FailedEntries"]), "InvalidRequest")
                )

    def update(self, call, physical_id, old, new, changed):
        if changed & set(RULE):
            self._put(call, physical_id, new)
        if "Targets" in changed:
            self._targets(call, physical_id, old.get("Targets", []), new)
        if "Tags" in changed:
            arn = self.attributes(call, physical_id, new)["Arn"]
            gone = call.tags_gone(old, new)
            if gone:
                call.invoke("events", "UntagResource", ResourceARN=arn, TagKeys=gone)
            if call.tags(new):
                call.invoke("events", "TagResource", ResourceARN=arn, Tags=call.tags(new))

    def replaces(self, old, new, path):
        return True

    def delete(self, call, physical_id, props):
        targets = [t["Id"] for t in props.get("Targets", [])]
        if targets:
            call.invoke(
                "events", "RemoveTargets", Rule=physical_id, Ids=targets, **self._bus(props)
            )
        call.invoke("events", "DeleteRule", Name=physical_id, **self._bus(props))

    def attributes(self, call, physical_id, props):
        return {
            "Arn": call.invoke("events", "DescribeRule", Name=physical_id, **self._bus(props))[
                "Arn"
            ]
        }
