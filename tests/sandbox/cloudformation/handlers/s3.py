"""AWS::S3: Bucket, BucketPolicy.

Each configuration of a bucket is a put of its own (CONFIGURATIONS: property, call, parameter, and
the call that takes it away). A bucket of that name fails the creation, also one's own: S3 in
us-east-1 would answer 200. A property that no row passes on is an error. A bucket with objects is
not deleted.
"""

import json

from ..errors import NotFound, ResourceError
from .base import Handler, register

# property -> (put operation, its parameter, delete operation or None)
CONFIGURATIONS = {
    "VersioningConfiguration": ("PutBucketVersioning", "VersioningConfiguration", None),
    "PublicAccessBlockConfiguration": (
        "PutPublicAccessBlock",
        "PublicAccessBlockConfiguration",
        "DeletePublicAccessBlock",
    ),
    "OwnershipControls": (
        "PutBucketOwnershipControls",
        "OwnershipControls",
        "DeleteBucketOwnershipControls",
    ),
    "BucketEncryption": (
        "PutBucketEncryption",
        "ServerSideEncryptionConfiguration",
        "DeleteBucketEncryption",
    ),
    "LifecycleConfiguration": (
        "PutBucketLifecycleConfiguration",
        "LifecycleConfiguration",
        "DeleteBucketLifecycle",
    ),
    "CorsConfiguration": ("PutBucketCors", "CORSConfiguration", "DeleteBucketCors"),
}
SECURE_ACCESS = {
    "BlockPublicAcls": True,
    "BlockPublicPolicy": True,
    "IgnorePublicAcls": True,
    "RestrictPublicBuckets": True,
}
RENAMES = {
    "BucketEncryption.ServerSideEncryptionConfiguration": "Rules",
    "BucketEncryption.ServerSideEncryptionConfiguration.ServerSideEncryptionByDefault": (
        "ApplyServerSideEncryptionByDefault"
    ),
    "CorsConfiguration.CorsRules": "CORSRules",
    "LifecycleConfiguration.Rules.Id": "ID",
}


def _lifecycle(config: dict) -> dict:
    """CloudFormation's older flat rule members as the API's structures."""
    rules = []
    for rule in config["Rules"]:
        rule = dict(rule)
        for old, new, member in (
            ("ExpirationInDays", "Expiration", "Days"),
            ("ExpirationDate", "Expiration", "Date"),
            ("ExpiredObjectDeleteMarker", "Expiration", "ExpiredObjectDeleteMarker"),
            ("NoncurrentVersionExpirationInDays", "NoncurrentVersionExpiration", "NoncurrentDays"),
        ):
            if old in rule:
                rule.setdefault(new, {})[member] = rule.pop(old)
        filters = {
            k: rule.pop(k)
            for k in ("Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan")
            if k in rule
        }
        tags = rule.pop("TagFilters", [])
        if len(filters) + len(tags) > 1:
            rule["Filter"] = {"And": {**filters, **({"Tags": tags} if tags else {})}}
        else:
            rule["Filter"] = {"Tag": tags[0]} if tags else filters or {"Prefix": ""}
        rules.append(rule)
    return {**config, "Rules": rules}


@register
class Bucket(Handler):
    type = "AWS::S3::Bucket"
    name_property = "BucketName"
    updatable = (*CONFIGURATIONS, "Tags")

    def create(self, call, props):
        unknown = sorted(set(props) - {"BucketName", "Tags", *CONFIGURATIONS})
        if unknown:
            raise ResourceError(f"the sandbox does not pass on {', '.join(unknown)} of a bucket")
        name = props.get("BucketName") or call.name(63, lower=True)
        where = (
            {}
            if call.region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": call.region}}
        )
        self._refuse_existing(call, name)
        call.invoke("s3", "CreateBucket", Bucket=name, **where)
        call.started(name)
        if "PublicAccessBlockConfiguration" not in props:
            call.invoke(
                "s3",
                "PutPublicAccessBlock",
                Bucket=name,
                PublicAccessBlockConfiguration=SECURE_ACCESS,
            )
        for key in CONFIGURATIONS:
            if key in props:
                self._put(call, name, key, props[key])
        self._tag(call, name, props)
        return name

    @staticmethod
    def _refuse_existing(call, name: str) -> None:
        """S3 in us-east-1 answers 200 to the owner's second CreateBucket;
        CloudFormation does not.
        """
        owned = {b["Name"] for b in call.invoke("s3", "ListBuckets")["Buckets"]}
        if name in owned:
            raise ResourceError(f"{name} already exists")

    @staticmethod
    def _put(call, name: str, key: str, value) -> None:
        operation, parameter, _ = CONFIGURATIONS[key]
        if key == "LifecycleConfiguration":
            value = _lifecycle(value)
        call.call("s3", operation, {key: value}, {key: parameter, **RENAMES}, Bucket=name)

    @staticmethod
    def _tag(call, name: str, props: dict) -> None:
        # AWS lets only CloudFormation itself set aws: tags on a bucket; moto lets nobody.
        tags = [t for t in call.tags(props) if not t["Key"].startswith("aws:")]
        if tags:
            call.invoke("s3", "PutBucketTagging", Bucket=name, Tagging={"TagSet": tags})
        else:
            call.invoke("s3", "DeleteBucketTagging", Bucket=name)

    def update(self, call, physical_id, old, new, changed):
        for key in changed & set(CONFIGURATIONS):
            _, _, remove = CONFIGURATIONS[key]
            if key in new:
                self._put(call, physical_id, key, new[key])
            elif key == "VersioningConfiguration":
                self._put(call, physical_id, key, {"Status": "Suspended"})
            else:
                call.invoke("s3", remove, Bucket=physical_id)
        if "Tags" in changed:
            self._tag(call, physical_id, new)

    def delete(self, call, physical_id, props):
        call.invoke("s3", "DeleteBucket", Bucket=physical_id)

    def attributes(self, call, physical_id, props):
        region = call.region
        return {
            "Arn": f"arn:aws:s3:::{physical_id}",
            "DomainName": f"{physical_id}.s3.amazonaws.com",
            "RegionalDomainName": f"{physical_id}.s3.{region}.amazonaws.com",
            "DualStackDomainName": f"{physical_id}.s3.dualstack.{region}.amazonaws.com",
            "WebsiteURL": f"http://{physical_id}.s3-website-{region}.amazonaws.com",
        }


@register
class BucketPolicy(Handler):
    type = "AWS::S3::BucketPolicy"
    updatable = ("PolicyDocument",)

    def create(self, call, props):
        try:
            call.invoke("s3", "GetBucketPolicy", Bucket=props["Bucket"])
        except NotFound:
            self.update(call, "", {}, props, set())
            return props["Bucket"]
        raise ResourceError(
            call.handler_message(
                f"The bucket policy already exists on bucket {props['Bucket']}.", "AlreadyExists"
            )
        )

    def update(self, call, physical_id, old, new, changed):
        policy = new["PolicyDocument"]
        call.invoke(
            "s3",
            "PutBucketPolicy",
            Bucket=new["Bucket"],
            Policy=policy if isinstance(policy, str) else json.dumps(policy),
        )

    def delete(self, call, physical_id, props):
        call.invoke("s3", "DeleteBucketPolicy", Bucket=physical_id)
