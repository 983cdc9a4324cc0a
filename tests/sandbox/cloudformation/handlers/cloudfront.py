"""AWS::CloudFront: Distribution, Function, OriginAccessControl.

CloudFormation's lists become the API's counted ones. What a static site does not need is refused
(KNOWN lists the rest), since nothing behind it would serve it. A function is published when its
template says so (AutoPublish), and a distribution is switched off before it is deleted.
"""

from ..errors import ResourceError
from .base import Handler, register

CLOUDFRONT = "cloudfront"
KNOWN = {
    "Enabled",
    "IPV6Enabled",
    "HttpVersion",
    "Comment",
    "DefaultRootObject",
    "PriceClass",
    "Origins",
    "DefaultCacheBehavior",
}


def listed(items: list) -> dict:
    return {"Quantity": len(items), "Items": items}


def _true(value) -> bool:
    return value in (True, "true")


@register
class OriginAccessControl(Handler):
    type = "AWS::CloudFront::OriginAccessControl"

    def create(self, call, props):
        return call.call(CLOUDFRONT, "CreateOriginAccessControl", props)["OriginAccessControl"][
            "Id"
        ]

    def delete(self, call, physical_id, props):
        tag = call.invoke(CLOUDFRONT, "GetOriginAccessControl", Id=physical_id)["ETag"]
        call.invoke(CLOUDFRONT, "DeleteOriginAccessControl", Id=physical_id, IfMatch=tag)

    def attributes(self, call, physical_id, props):
        return {"Id": physical_id}


@register
class Function(Handler):
    type = "AWS::CloudFront::Function"
    name_property = "Name"
    updatable = ("FunctionCode", "FunctionConfig", "AutoPublish")
    etags: dict = {}

    def _publish(self, call, reply: dict, name: str, props) -> str:
        arn, tag = reply["FunctionSummary"]["FunctionMetadata"]["FunctionARN"], reply["ETag"]
        self.etags[arn] = tag
        if _true(props.get("AutoPublish")):
            call.invoke(CLOUDFRONT, "PublishFunction", Name=name, IfMatch=tag)
        return arn

    @staticmethod
    def _config(props) -> dict:
        return {
            "Comment": props["FunctionConfig"]["Comment"],
            "Runtime": props["FunctionConfig"]["Runtime"],
        }

    def create(self, call, props):
        reply = call.invoke(
            CLOUDFRONT,
            "CreateFunction",
            Name=props["Name"],
            FunctionConfig=self._config(props),
            FunctionCode=props["FunctionCode"].encode(),
        )
        return self._publish(call, reply, props["Name"], props)

    def update(self, call, physical_id, old, new, changed):
        reply = call.invoke(
            CLOUDFRONT,
            "UpdateFunction",
            Name=new["Name"],
            FunctionConfig=self._config(new),
            FunctionCode=new["FunctionCode"].encode(),
            IfMatch=self.etags[physical_id],
        )
        self._publish(call, reply, new["Name"], new)

    def delete(self, call, physical_id, props):
        call.invoke(
            CLOUDFRONT, "DeleteFunction", Name=props["Name"], IfMatch=self.etags[physical_id]
        )

    def attributes(self, call, physical_id, props):
        return {
            "FunctionARN": physical_id,
            "FunctionMetadata.FunctionARN": physical_id,
            "Stage": "LIVE",
        }


@register
class Distribution(Handler):
    type = "AWS::CloudFront::Distribution"
    updatable = ("DistributionConfig", "Tags")

    @staticmethod
    def _config(call, props, reference: str) -> dict:
        """CloudFormation's lists as the API's counted ones; what a static site does not use is
        refused, so that nothing is dropped in silence.
        """
        config = props["DistributionConfig"]
        unknown = sorted(set(config) - KNOWN)
        if unknown:
            raise ResourceError(
                f"the sandbox does not pass on {', '.join(unknown)} of a distribution"
            )
        behavior = dict(config["DefaultCacheBehavior"])
        methods = behavior.pop("AllowedMethods", ["GET", "HEAD"])
        functions = behavior.pop("FunctionAssociations", [])
        behavior["Compress"] = _true(behavior.get("Compress", False))
        origins = [
            {
                **o,
                "S3OriginConfig": {
                    "OriginAccessIdentity": o["S3OriginConfig"].get("OriginAccessIdentity", "")
                },
            }
            for o in config["Origins"]
        ]
        return {
            "CallerReference": reference,
            "Comment": config.get("Comment", ""),
            "Enabled": _true(config["Enabled"]),
            "IsIPV6Enabled": _true(config.get("IPV6Enabled", False)),
            "HttpVersion": config["HttpVersion"],
            "PriceClass": config["PriceClass"],
            "DefaultRootObject": config.get("DefaultRootObject", ""),
            "Origins": listed(origins),
            "DefaultCacheBehavior": {
                **behavior,
                "AllowedMethods": listed(methods),
                "FunctionAssociations": listed(functions),
            },
        }

    def create(self, call, props):
        config = self._config(call, props, call.name(64))
        reply = call.invoke(
            CLOUDFRONT,
            "CreateDistributionWithTags",
            DistributionConfigWithTags={
                "DistributionConfig": config,
                "Tags": {"Items": call.tags(props)},
            },
        )
        id_ = reply["Distribution"]["Id"]
        call.started(id_)
        call.wait(
            f"distribution {id_}",
            lambda: self._get(call, id_)["Distribution"]["Status"] == "Deployed",
            1800,
        )
        return id_

    @staticmethod
    def _get(call, id_: str) -> dict:
        return call.invoke(CLOUDFRONT, "GetDistribution", Id=id_)

    def update(self, call, physical_id, old, new, changed):
        if "DistributionConfig" in changed:
            now = self._get(call, physical_id)
            reference = now["Distribution"]["DistributionConfig"]["CallerReference"]
            call.invoke(
                CLOUDFRONT,
                "UpdateDistribution",
                Id=physical_id,
                IfMatch=now["ETag"],
                DistributionConfig=self._config(call, new, reference),
            )

    def delete(self, call, physical_id, props):
        now = self._get(call, physical_id)
        off = {**now["Distribution"]["DistributionConfig"], "Enabled": False}
        tag = call.invoke(
            CLOUDFRONT,
            "UpdateDistribution",
            Id=physical_id,
            IfMatch=now["ETag"],
            DistributionConfig=off,
        )["ETag"]
        call.invoke(CLOUDFRONT, "DeleteDistribution", Id=physical_id, IfMatch=tag)

    def attributes(self, call, physical_id, props):
        return {
            "Id": physical_id,
            "DomainName": self._get(call, physical_id)["Distribution"]["DomainName"],
        }
