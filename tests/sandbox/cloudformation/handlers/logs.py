"""AWS::Logs: LogGroup, ResourcePolicy."""

from .base import Handler, only, register, without


@register
class LogGroup(Handler):
    type = "AWS::Logs::LogGroup"
    name_property = "LogGroupName"
    updatable = ("RetentionInDays", "Tags")

    def create(self, call, props):
        name = props.get("LogGroupName") or call.name(512)
        tags = call.tag_map(props)
        call.call(
            "logs",
            "CreateLogGroup",
            without(props, "LogGroupName", "RetentionInDays", "Tags"),
            logGroupName=name,
            tags=tags or None,
        )
        call.started(name)
        if "RetentionInDays" in props:
            call.invoke(
                "logs",
                "PutRetentionPolicy",
                logGroupName=name,
                retentionInDays=int(props["RetentionInDays"]),
            )
        return name

    def update(self, call, physical_id, old, new, changed):
        if "RetentionInDays" in changed:
            if "RetentionInDays" in new:
                call.invoke(
                    "logs",
                    "PutRetentionPolicy",
                    logGroupName=physical_id,
                    retentionInDays=int(new["RetentionInDays"]),
                )
            else:
                call.invoke("logs", "DeleteRetentionPolicy", logGroupName=physical_id)
        if "Tags" in changed:
            gone = call.tags_gone(old, new)
            if gone:
                call.invoke("logs", "UntagLogGroup", logGroupName=physical_id, tags=gone)
            if call.tags(new):
                call.invoke("logs", "TagLogGroup", logGroupName=physical_id, tags=call.tag_map(new))

    def delete(self, call, physical_id, props):
        call.invoke("logs", "DeleteLogGroup", logGroupName=physical_id)

    def attributes(self, call, physical_id, props):
        return {"Arn": call.arn("logs", f"log-group:{physical_id}:*")}


@register
class ResourcePolicy(Handler):
    type = "AWS::Logs::ResourcePolicy"
    name_property = "PolicyName"
    updatable = ("PolicyDocument",)

    def create(self, call, props):
        call.call("logs", "PutResourcePolicy", props)
        return props["PolicyName"]

    def update(self, call, physical_id, old, new, changed):
        call.call("logs", "PutResourcePolicy", new)

    def delete(self, call, physical_id, props):
        call.call("logs", "DeleteResourcePolicy", only(props, "PolicyName"))
