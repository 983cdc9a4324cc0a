"""Every program type-checks against the provider's published schema (issue 6, proof 1), as it is
deployed and as it is ejected.

The checker is typecheck.py, the schema the type definitions that npm carries (package.py); without
npm these tests are skipped. FAULTS breaks a program in each way that the checker knows: every fault
must be seen, so that no finding is not blindness.
"""

import copy

import pytest

import package
import programs
import typecheck

pytestmark = pytest.mark.skipif(
    bool(package.available()), reason=f"type definitions: {package.available()}"
)


@pytest.mark.parametrize("name", programs.plans())
def test_program(name):
    assert typecheck.check(programs.planned(name)["program"]) == []


@pytest.mark.parametrize("name", programs.plans(both=False))
def test_ejected_program(name):
    assert typecheck.check(programs.planned(name, "eject")["program"]) == []


def broken(change):
    program = copy.deepcopy(programs.planned("example")["program"])
    change(program["resources"])
    return typecheck.check(program)


FAULTS = {
    "type": (lambda r: r["Vpc"].update(type="aws:ec2:Vcp"), "no type aws:ec2:Vcp"),
    "module": (lambda r: r["Vpc"].update(type="aws:ec3:Vpc"), "no type aws:ec3:Vpc"),
    "property": (lambda r: r["Vpc"]["properties"].update(cidr="10.0.0.0/8"), "no property cidr"),
    "nested property": (
        lambda r: r["ServiceWeb"]["properties"]["networkConfiguration"].update(subnetz=[]),
        "no property subnetz",
    ),
    "nested in a list": (
        lambda r: r["ServiceWeb"]["properties"]["loadBalancers"][0].update(port=1),
        "no property port",
    ),
    "required": (lambda r: r["PublicSubnet1"]["properties"].pop("vpcId"), "vpcId is required"),
    "nested required": (
        lambda r: r["ServiceWeb"]["properties"]["networkConfiguration"].pop("subnets"),
        "subnets is required",
    ),
    "text for a number": (
        lambda r: r["ServiceWeb"]["properties"].update(desiredCount="two"),
        "number is wanted",
    ),
    "number for a boolean": (
        lambda r: r["Vpc"]["properties"].update(enableDnsSupport=1),
        "boolean is wanted",
    ),
    "one for a list": (
        lambda r: r["ServiceWeb"]["properties"].update(loadBalancers={}),
        "a list is wanted",
    ),
    "list for a text": (
        lambda r: r["Vpc"]["properties"].update(cidrBlock=["10.0.0.0/8"]),
        "string is wanted",
    ),
    "output": (
        lambda r: r["PublicSubnet1"]["properties"].update(vpcId="${Vpc.arnn}"),
        "no output arnn",
    ),
    "reference": (
        lambda r: r["PublicSubnet1"]["properties"].update(vpcId="${Vcp.id}"),
        "no resource or config Vcp",
    ),
    "type of a reference": (
        lambda r: r["ServiceWeb"]["properties"].update(desiredCount="${Vpc.id}"),
        "number is wanted",
    ),
    "reference in JSON": (
        lambda r: r["KanikoRole_policy1"]["properties"]["policy"]["fn::toJSON"].update(
            x="${Nobody.id}"
        ),
        "no resource or config Nobody",
    ),
    "dependsOn": (
        lambda r: r["ServiceWeb"]["options"]["dependsOn"].append("${Nobody}"),
        "dependsOn names no resource",
    ),
    "option": (lambda r: r["ServiceWeb"]["options"].update(dependOn=[]), "no option dependOn"),
    "ignoreChanges": (
        lambda r: r["ServiceWeb"]["options"].update(ignoreChanges=["desired"]),
        "ignoreChanges names no property",
    ),
    "function": (
        lambda r: r["Vpc"]["properties"].update(cidrBlock={"fn::upper": "x"}),
        "fn::upper is unknown",
    ),
    "invoke": (
        lambda r: r["Vpc"]["properties"].update(
            cidrBlock={
                "fn::invoke": {
                    "function": "aws:ssm:getParameter",
                    "arguments": {},
                    "return": "value",
                }
            }
        ),
        "name is required",
    ),
    "provider of an invoke": (
        lambda r: r["Vpc"]["properties"].update(
            cidrBlock={
                "fn::invoke": {
                    "function": "aws:ssm:getParameter",
                    "arguments": {"name": "x"},
                    "return": "value",
                }
            }
        ),
        "names no provider",
    ),
    "provider": (lambda r: r["aws"]["properties"].update(regoin="x"), "no property regoin"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_seen(fault):
    change, words = FAULTS[fault]
    found = broken(change)
    assert any(words in sentence for sentence in found), found
