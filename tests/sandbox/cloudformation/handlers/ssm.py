"""AWS::SSM::Parameter."""

from .. import names
from .base import Handler, register, without


@register
class Parameter(Handler):
    type = "AWS::SSM::Parameter"
    name_property = "Name"
    updatable = (
        "AllowedPattern",
        "DataType",
        "Description",
        "Policies",
        "Tier",
        "Type",
        "Value",
        "Tags",
    )

    def create(self, call, props):
        name = props.get("Name") or f"CFN-{call.logical_id}-{names.random_part(False)}"
        tags = [{"Key": k, "Value": v} for k, v in call.tag_map(props).items()]
        call.call(
            "ssm", "PutParameter", without(props, "Name", "Tags"), Name=name, Tags=tags or None
        )
        return name

    def update(self, call, physical_id, old, new, changed):
        if changed - {"Tags"}:
            call.call(
                "ssm",
                "PutParameter",
                without(new, "Name", "Tags"),
                Name=physical_id,
                Overwrite=True,
            )
        if "Tags" in changed:
            where = {"ResourceType": "Parameter", "ResourceId": physical_id}
            gone = call.tags_gone(old, new)
            if gone:
                call.invoke("ssm", "RemoveTagsFromResource", **where, TagKeys=gone)
            if call.tags(new):
                call.invoke("ssm", "AddTagsToResource", **where, Tags=call.tags(new))

    def delete(self, call, physical_id, props):
        call.invoke("ssm", "DeleteParameter", Name=physical_id)

    def attributes(self, call, physical_id, props):
        return {"Type": props["Type"], "Value": props["Value"], "Name": physical_id}
