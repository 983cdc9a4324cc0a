"""The capabilities a template needs and the caller must acknowledge."""

from .errors import CfnError

IAM_TYPES = {
    "AWS::IAM::AccessKey",
    "AWS::IAM::Group",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::OIDCProvider",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::SAMLProvider",
    "AWS::IAM::User",
    "AWS::IAM::UserToGroupAddition",
}
NAMES = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
}


def needed(template) -> tuple:
    """(capability or None, the IAM types that ask for it)"""
    iam = [d for d in template.resources.values() if d["Type"] in IAM_TYPES]
    named = [d for d in iam if NAMES.get(d["Type"]) in d.get("Properties", {})]
    if not iam:
        return None, []
    return ("CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"), sorted({d["Type"] for d in iam})


def check(template, given: list) -> None:
    capability, _ = needed(template)
    accepted = {
        "CAPABILITY_IAM": {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"},
        "CAPABILITY_NAMED_IAM": {"CAPABILITY_NAMED_IAM"},
    }
    if capability and not accepted[capability] & set(given):
        raise CfnError(
            "InsufficientCapabilitiesException", f"Requires capabilities : [{capability}]"
        )
    if template.transforms and "CAPABILITY_AUTO_EXPAND" not in given:
        raise CfnError(
            "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_AUTO_EXPAND]"
        )
