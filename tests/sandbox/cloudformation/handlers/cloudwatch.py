"""AWS::CloudWatch::Alarm."""

from .base import Handler, register, without


@register
class Alarm(Handler):
    type = "AWS::CloudWatch::Alarm"
    name_property = "AlarmName"
    updatable = (
        "ActionsEnabled",
        "AlarmActions",
        "AlarmDescription",
        "ComparisonOperator",
        "Dimensions",
        "EvaluationPeriods",
        "MetricName",
        "Namespace",
        "OKActions",
        "Period",
        "Statistic",
        "Tags",
        "Threshold",
        "TreatMissingData",
    )

    @staticmethod
    def _put(call, name: str, props: dict) -> None:
        call.call(
            "cloudwatch",
            "PutMetricAlarm",
            without(props, "AlarmName", "Tags"),
            AlarmName=name,
            Tags=call.tags(props) or None,
        )

    def create(self, call, props):
        name = props.get("AlarmName") or call.name(255)
        self._put(call, name, props)
        return name

    def update(self, call, physical_id, old, new, changed):
        self._put(call, physical_id, new)

    def delete(self, call, physical_id, props):
        call.invoke("cloudwatch", "DeleteAlarms", AlarmNames=[physical_id])

    def attributes(self, call, physical_id, props):
        return {"Arn": call.arn("cloudwatch", f"alarm:{physical_id}")}
