"""AWS::IAM: Role, Policy, ManagedPolicy, RolePolicy, InstanceProfile, OIDCProvider.

Inline and attached policies of a resource are compared with what was there before and only the
difference is put or taken off. On delete only what the template gave is taken off first: a policy
that somebody else attached makes the delete fail, as in AWS. A thing that is gone already is no
error.
"""

import contextlib
import json

from ..errors import NotFound
from .base import Handler, only, register, without


def document(value) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def ignoring_absent(action) -> None:
    with contextlib.suppress(NotFound):
        action()


@register
class Role(Handler):
    type = "AWS::IAM::Role"
    name_property = "RoleName"
    updatable = (
        "AssumeRolePolicyDocument",
        "Description",
        "ManagedPolicyArns",
        "MaxSessionDuration",
        "PermissionsBoundary",
        "Policies",
        "Tags",
    )

    def create(self, call, props):
        name = props.get("RoleName") or call.name(64)
        call.call(
            "iam",
            "CreateRole",
            without(props, "RoleName", "ManagedPolicyArns", "Policies", "Tags"),
            RoleName=name,
            Tags=call.tags(props),
        )
        call.started(name)
        for arn in props.get("ManagedPolicyArns", []):
            call.invoke("iam", "AttachRolePolicy", RoleName=name, PolicyArn=arn)
        self._put_policies(call, name, props.get("Policies", []))
        return name

    @staticmethod
    def _put_policies(call, name, policies) -> None:
        for policy in policies:
            call.invoke(
                "iam",
                "PutRolePolicy",
                RoleName=name,
                PolicyName=policy["PolicyName"],
                PolicyDocument=document(policy["PolicyDocument"]),
            )

    def update(self, call, physical_id, old, new, changed):
        if "AssumeRolePolicyDocument" in changed:
            call.invoke(
                "iam",
                "UpdateAssumeRolePolicy",
                RoleName=physical_id,
                PolicyDocument=document(new["AssumeRolePolicyDocument"]),
            )
        if changed & {"Description", "MaxSessionDuration"}:
            call.invoke(
                "iam",
                "UpdateRole",
                RoleName=physical_id,
                Description=new.get("Description", ""),
                MaxSessionDuration=int(new.get("MaxSessionDuration", 3600)),
            )
        if "PermissionsBoundary" in changed:
            if new.get("PermissionsBoundary"):
                call.invoke(
                    "iam",
                    "PutRolePermissionsBoundary",
                    RoleName=physical_id,
                    PermissionsBoundary=new["PermissionsBoundary"],
                )
            else:
                call.invoke("iam", "DeleteRolePermissionsBoundary", RoleName=physical_id)
        before, after = set(old.get("ManagedPolicyArns", [])), set(new.get("ManagedPolicyArns", []))
        for arn in sorted(after - before):
            call.invoke("iam", "AttachRolePolicy", RoleName=physical_id, PolicyArn=arn)
        for arn in sorted(before - after):
            ignoring_absent(
                lambda a=arn: call.invoke(
                    "iam", "DetachRolePolicy", RoleName=physical_id, PolicyArn=a
                )
            )
        if "Policies" in changed:
            self._put_policies(call, physical_id, new.get("Policies", []))
            kept = {p["PolicyName"] for p in new.get("Policies", [])}
            for policy in old.get("Policies", []):
                if policy["PolicyName"] not in kept:
                    ignoring_absent(
                        lambda n=policy["PolicyName"]: call.invoke(
                            "iam", "DeleteRolePolicy", RoleName=physical_id, PolicyName=n
                        )
                    )
        if "Tags" in changed:
            gone = call.tags_gone(old, new)
            if gone:
                call.invoke("iam", "UntagRole", RoleName=physical_id, TagKeys=gone)
            if call.tags(new):
                call.invoke("iam", "TagRole", RoleName=physical_id, Tags=call.tags(new))

    def delete(self, call, physical_id, props):
        """Only what the template gave is taken off first; foreign attachments make the delete fail,
        as on AWS.
        """
        for arn in props.get("ManagedPolicyArns", []):
            ignoring_absent(
                lambda a=arn: call.invoke(
                    "iam", "DetachRolePolicy", RoleName=physical_id, PolicyArn=a
                )
            )
        for policy in props.get("Policies", []):
            ignoring_absent(
                lambda n=policy["PolicyName"]: call.invoke(
                    "iam", "DeleteRolePolicy", RoleName=physical_id, PolicyName=n
                )
            )
        call.invoke("iam", "DeleteRole", RoleName=physical_id)

    def attributes(self, call, physical_id, props):
        role = call.invoke("iam", "GetRole", RoleName=physical_id)["Role"]
        return {"Arn": role["Arn"], "RoleId": role["RoleId"]}


class _Inline(Handler):
    """Inline policies on roles, groups and users."""

    kinds = (("Roles", "Role"), ("Groups", "Group"), ("Users", "User"))

    def put(self, call, props) -> None:
        for key, kind in self.kinds:
            for name in props.get(key, []):
                call.invoke(
                    "iam",
                    f"Put{kind}Policy",
                    **{f"{kind}Name": name},
                    PolicyName=props["PolicyName"],
                    PolicyDocument=document(props["PolicyDocument"]),
                )

    def take_off(self, call, props, keep: dict) -> None:
        for key, kind in self.kinds:
            for name in props.get(key, []):
                if name in keep.get(key, []) and keep.get("PolicyName") == props["PolicyName"]:
                    continue
                ignoring_absent(
                    lambda k=kind, n=name: call.invoke(
                        "iam", f"Delete{k}Policy", **{f"{k}Name": n}, PolicyName=props["PolicyName"]
                    )
                )


@register
class Policy(_Inline):
    type = "AWS::IAM::Policy"
    updatable = ("PolicyDocument", "PolicyName", "Roles", "Groups", "Users")

    def create(self, call, props):
        self.put(call, props)
        return call.name(128)

    def update(self, call, physical_id, old, new, changed):
        self.put(call, new)
        self.take_off(call, old, new)

    def delete(self, call, physical_id, props):
        self.take_off(call, props, {})

    def attributes(self, call, physical_id, props):
        return {"Id": physical_id}


@register
class RolePolicy(Handler):
    type = "AWS::IAM::RolePolicy"
    updatable = ("PolicyDocument",)

    def create(self, call, props):
        self.update(call, "", {}, props, set())
        return f"{props['PolicyName']}|{props['RoleName']}"

    def update(self, call, physical_id, old, new, changed):
        call.call("iam", "PutRolePolicy", new)

    def delete(self, call, physical_id, props):
        call.call("iam", "DeleteRolePolicy", only(props, "RoleName", "PolicyName"))


@register
class ManagedPolicy(Handler):
    type = "AWS::IAM::ManagedPolicy"
    name_property = "ManagedPolicyName"
    updatable = ("PolicyDocument", "Roles", "Groups", "Users")
    kinds = _Inline.kinds

    def create(self, call, props):
        made = call.call(
            "iam",
            "CreatePolicy",
            only(props, "PolicyDocument", "Description", "Path"),
            PolicyName=props.get("ManagedPolicyName") or call.name(128),
        )
        arn = call.started(made["Policy"]["Arn"])
        self._attach(call, arn, {}, props)
        return arn

    def _attach(self, call, arn, old, new) -> None:
        for key, kind in self.kinds:
            before, after = set(old.get(key, [])), set(new.get(key, []))
            for name in sorted(after - before):
                call.invoke("iam", f"Attach{kind}Policy", **{f"{kind}Name": name}, PolicyArn=arn)
            for name in sorted(before - after):
                ignoring_absent(
                    lambda k=kind, n=name: call.invoke(
                        "iam", f"Detach{k}Policy", **{f"{k}Name": n}, PolicyArn=arn
                    )
                )

    def update(self, call, physical_id, old, new, changed):
        if "PolicyDocument" in changed:
            versions = call.invoke("iam", "ListPolicyVersions", PolicyArn=physical_id)["Versions"]
            if len(versions) >= 5:
                oldest = min(
                    (v for v in versions if not v["IsDefaultVersion"]),
                    key=lambda v: v["CreateDate"],
                )
                call.invoke(
                    "iam",
                    "DeletePolicyVersion",
                    PolicyArn=physical_id,
                    VersionId=oldest["VersionId"],
                )
            call.invoke(
                "iam",
                "CreatePolicyVersion",
                PolicyArn=physical_id,
                PolicyDocument=document(new["PolicyDocument"]),
                SetAsDefault=True,
            )
        self._attach(call, physical_id, old, new)

    def delete(self, call, physical_id, props):
        self._attach(call, physical_id, props, {})
        for version in call.invoke("iam", "ListPolicyVersions", PolicyArn=physical_id)["Versions"]:
            if not version["IsDefaultVersion"]:
                call.invoke(
                    "iam",
                    "DeletePolicyVersion",
                    PolicyArn=physical_id,
                    VersionId=version["VersionId"],
                )
        call.invoke("iam", "DeletePolicy", PolicyArn=physical_id)

    def attributes(self, call, physical_id, props):
        policy = call.invoke("iam", "GetPolicy", PolicyArn=physical_id)["Policy"]
        return {
            "PolicyArn": physical_id,
            "PolicyId": policy["PolicyId"],
            "AttachmentCount": policy["AttachmentCount"],
            "DefaultVersionId": policy["DefaultVersionId"],
            "IsAttachable": policy["IsAttachable"],
            "CreateDate": policy["CreateDate"].isoformat(),
            "UpdateDate": policy["UpdateDate"].isoformat(),
            "PermissionsBoundaryUsageCount": policy.get("PermissionsBoundaryUsageCount", 0),
        }


@register
class InstanceProfile(Handler):
    type = "AWS::IAM::InstanceProfile"
    name_property = "InstanceProfileName"
    updatable = ("Roles",)

    def create(self, call, props):
        name = props.get("InstanceProfileName") or call.name(128)
        call.call("iam", "CreateInstanceProfile", only(props, "Path"), InstanceProfileName=name)
        call.started(name)
        for role in props["Roles"]:
            call.invoke("iam", "AddRoleToInstanceProfile", InstanceProfileName=name, RoleName=role)
        return name

    def update(self, call, physical_id, old, new, changed):
        for role in old["Roles"]:
            ignoring_absent(
                lambda r=role: call.invoke(
                    "iam",
                    "RemoveRoleFromInstanceProfile",
                    InstanceProfileName=physical_id,
                    RoleName=r,
                )
            )
        for role in new["Roles"]:
            call.invoke(
                "iam", "AddRoleToInstanceProfile", InstanceProfileName=physical_id, RoleName=role
            )

    def delete(self, call, physical_id, props):
        for role in props["Roles"]:
            ignoring_absent(
                lambda r=role: call.invoke(
                    "iam",
                    "RemoveRoleFromInstanceProfile",
                    InstanceProfileName=physical_id,
                    RoleName=r,
                )
            )
        call.invoke("iam", "DeleteInstanceProfile", InstanceProfileName=physical_id)

    def attributes(self, call, physical_id, props):
        return {
            "Arn": call.invoke("iam", "GetInstanceProfile", InstanceProfileName=physical_id)[
                "InstanceProfile"
            ]["Arn"]
        }


@register
class OidcProvider(Handler):
    type = "AWS::IAM::OIDCProvider"
    updatable = ("ClientIdList", "ThumbprintList", "Tags")

    def create(self, call, props):
        # AWS works the thumbprint out itself when none is given; the API wants one on older models.
        thumbprints = props.get("ThumbprintList") or ["0" * 40]
        made = call.call(
            "iam",
            "CreateOpenIDConnectProvider",
            without(props, "ThumbprintList", "Tags"),
            ThumbprintList=thumbprints,
            Tags=call.tags(props),
        )
        return made["OpenIDConnectProviderArn"]

    def update(self, call, physical_id, old, new, changed):
        arn = {"OpenIDConnectProviderArn": physical_id}
        before, after = set(old.get("ClientIdList", [])), set(new.get("ClientIdList", []))
        for client in sorted(after - before):
            call.invoke("iam", "AddClientIDToOpenIDConnectProvider", **arn, ClientID=client)
        for client in sorted(before - after):
            call.invoke("iam", "RemoveClientIDFromOpenIDConnectProvider", **arn, ClientID=client)
        if "ThumbprintList" in changed:
            call.invoke(
                "iam",
                "UpdateOpenIDConnectProviderThumbprint",
                **arn,
                ThumbprintList=new.get("ThumbprintList") or ["0" * 40],
            )
        if "Tags" in changed:
            gone = call.tags_gone(old, new)
            if gone:
                call.invoke("iam", "UntagOpenIDConnectProvider", **arn, TagKeys=gone)
            call.invoke("iam", "TagOpenIDConnectProvider", **arn, Tags=call.tags(new))

    def delete(self, call, physical_id, props):
        call.invoke("iam", "DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=physical_id)

    def attributes(self, call, physical_id, props):
        return {"Arn": physical_id}
