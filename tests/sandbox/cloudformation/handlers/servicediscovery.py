"""AWS::ServiceDiscovery: PrivateDnsNamespace, Service, Instance.

Cloud Map's changes are operations that end later: each is waited for, and a failed one fails the
resource with its message. Records follow in servicediscovery.py.
"""

from ..errors import ResourceError
from .base import Handler, only, register, without

CLOUD_MAP = "servicediscovery"


def _finished(call, operation: str) -> dict:
    """Waits for an operation and answers its targets."""
    last: dict = {}

    def done() -> bool:
        last.update(call.invoke(CLOUD_MAP, "GetOperation", OperationId=operation)["Operation"])
        if last["Status"] == "FAIL":
            raise ResourceError(
                call.handler_message(
                    f"{last.get('ErrorCode')}: {last.get('ErrorMessage')}",
                    "GeneralServiceException",
                )
            )
        return last["Status"] == "SUCCESS"

    call.wait(f"operation {operation}", done, to_the_end=True)
    return last["Targets"]


def _retag(call, arn: str, old: dict, new: dict) -> None:
    gone = call.tags_gone(old, new)
    if gone:
        call.invoke(CLOUD_MAP, "UntagResource", ResourceARN=arn, TagKeys=gone)
    if call.tags(new):
        call.invoke(CLOUD_MAP, "TagResource", ResourceARN=arn, Tags=call.tags(new))


@register
class PrivateDnsNamespace(Handler):
    type = "AWS::ServiceDiscovery::PrivateDnsNamespace"
    updatable = ("Description", "Properties", "Tags")

    def create(self, call, props):
        made = call.call(
            CLOUD_MAP,
            "CreatePrivateDnsNamespace",
            without(props, "Tags"),
            Tags=call.tags(props) or None,
            CreatorRequestId=call.request_token,
        )
        return call.started(_finished(call, made["OperationId"])["NAMESPACE"])

    def update(self, call, physical_id, old, new, changed):
        namespace = only(new, *(changed & {"Description", "Properties"}))
        if namespace:
            made = call.call(
                CLOUD_MAP, "UpdatePrivateDnsNamespace", {"Namespace": namespace}, Id=physical_id
            )
            _finished(call, made["OperationId"])
        if "Tags" in changed:
            _retag(call, self.attributes(call, physical_id, new)["Arn"], old, new)

    def delete(self, call, physical_id, props):
        _finished(call, call.invoke(CLOUD_MAP, "DeleteNamespace", Id=physical_id)["OperationId"])

    def attributes(self, call, physical_id, props):
        found = call.invoke(CLOUD_MAP, "GetNamespace", Id=physical_id)["Namespace"]
        return {
            "Id": physical_id,
            "Arn": found["Arn"],
            "HostedZoneId": found["Properties"]["DnsProperties"]["HostedZoneId"],
        }


@register
class Service(Handler):
    type = "AWS::ServiceDiscovery::Service"
    updatable = ("Description", "DnsConfig", "HealthCheckConfig", "Tags")

    def create(self, call, props):
        made = call.call(
            CLOUD_MAP,
            "CreateService",
            without(props, "Name", "Tags"),
            Name=props.get("Name") or call.name(63),
            Tags=call.tags(props) or None,
            CreatorRequestId=call.request_token,
        )
        return made["Service"]["Id"]

    def update(self, call, physical_id, old, new, changed):
        if changed - {"Tags"}:
            service = only(new, "Description", "HealthCheckConfig")
            if "DnsConfig" in new:
                service["DnsConfig"] = only(new["DnsConfig"], "DnsRecords")
            made = call.call(CLOUD_MAP, "UpdateService", {"Service": service}, Id=physical_id)
            _finished(call, made["OperationId"])
        if "Tags" in changed:
            _retag(call, self.attributes(call, physical_id, new)["Arn"], old, new)

    def delete(self, call, physical_id, props):
        call.invoke(CLOUD_MAP, "DeleteService", Id=physical_id)

    def attributes(self, call, physical_id, props):
        found = call.invoke(CLOUD_MAP, "GetService", Id=physical_id)["Service"]
        return {"Id": physical_id, "Arn": found["Arn"], "Name": found["Name"]}


@register
class Instance(Handler):
    """Ref is the instance id; attributes can be registered again under it."""

    type = "AWS::ServiceDiscovery::Instance"
    updatable = ("InstanceAttributes",)

    def _put(self, call, props, instance: str) -> None:
        made = call.invoke(
            CLOUD_MAP,
            "RegisterInstance",
            ServiceId=props["ServiceId"],
            InstanceId=instance,
            Attributes=props["InstanceAttributes"],
            CreatorRequestId=call.request_token,
        )
        _finished(call, made["OperationId"])

    def create(self, call, props):
        instance = props.get("InstanceId") or call.name(64)
        self._put(call, props, instance)
        return instance

    def update(self, call, physical_id, old, new, changed):
        self._put(call, new, physical_id)

    def delete(self, call, physical_id, props):
        _finished(
            call,
            call.invoke(
                CLOUD_MAP,
                "DeregisterInstance",
                ServiceId=props["ServiceId"],
                InstanceId=physical_id,
            )["OperationId"],
        )
