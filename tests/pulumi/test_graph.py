"""Graph and program hold the same (issue 6, proof 2): resources, values, references, order,
outputs, protection. Nothing is lost and nothing is invented, but what the tables below name, with
the reason.

walk.py brings a template and a program to one spelling; what differs then must stand in OTHERWISE
(what the provider says otherwise, or not at all), OWN or OWN_TOKENS (what the program says and
CloudFormation does of itself). The last test takes things out of a program and sees that these
tests see it.
"""

import graphlib
from collections import Counter

import pytest

import programs
import walk

# (type, path): what CloudFormation says and the provider says otherwise, or not at all.
OTHERWISE = {
    (
        "AWS::ServiceDiscovery::PrivateDnsNamespace",
        "Properties.DnsProperties.SOA.TTL",
    ),  # lost: noted in the program
    ("AWS::DocDB::DBCluster", "CopyTagsToSnapshot"),  # lost: noted
    (
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        "Conditions[].Field",
    ),  # the member's name says it
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Scheme"),  # internal: false
    (
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "LoadBalancerAttributes[].Key",
    ),  # a property each
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupAttributes[].Key"),
    ("AWS::ECS::Service", "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp"),  # boolean
    (
        "AWS::CertificateManager::Certificate",
        "DomainValidationOptions[].DomainName",
    ),  # records of their own
    ("AWS::CertificateManager::Certificate", "DomainValidationOptions[].HostedZoneId"),
    (
        "AWS::CloudFront::Distribution",
        "DistributionConfig.Origins[].S3OriginConfig.OriginAccessIdentity",
    ),  # empty: there is an access control
    (
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "ScalingTargetId",
    ),  # three properties of the target
    (
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "LoadBalancerAttributes[].Value",
    ),  # access_logs.s3.enabled false: left out, see test_load_balancer
}

# (token, path): what the program says and CloudFormation does of itself.
OWN = {
    ("aws:ecs:Service", "waitForSteadyState"),
    ("aws:ecs:Service", "networkConfiguration.assignPublicIp"),
    ("aws:iam:Role", "namePrefix"),
    ("aws:iam:InstanceProfile", "namePrefix"),
    ("aws:ec2:LaunchTemplate", "namePrefix"),
    ("aws:autoscaling:Group", "namePrefix"),
    ("aws:autoscaling:Group", "forceDelete"),
    ("aws:ecs:CapacityProvider", "name"),
    ("aws:ec2:SecurityGroup", "namePrefix"),
    ("aws:s3:Bucket", "bucketPrefix"),
    ("aws:s3:Bucket", "forceDestroy"),
    ("aws:rds:SubnetGroup", "namePrefix"),
    ("aws:rds:ParameterGroup", "namePrefix"),
    ("aws:docdb:SubnetGroup", "namePrefix"),
    ("aws:docdb:ClusterParameterGroup", "namePrefix"),
    ("aws:rds:Instance", "identifierPrefix"),
    ("aws:rds:Instance", "skipFinalSnapshot"),
    ("aws:rds:Instance", "finalSnapshotIdentifier"),
    ("aws:docdb:Cluster", "clusterIdentifierPrefix"),
    ("aws:docdb:Cluster", "skipFinalSnapshot"),
    ("aws:docdb:Cluster", "finalSnapshotIdentifier"),
    ("aws:docdb:ClusterInstance", "identifierPrefix"),
    ("aws:elasticache:ReplicationGroup", "finalSnapshotIdentifier"),
    ("aws:lb:LoadBalancer", "internal"),
    ("aws:s3:BucketLifecycleConfiguration", "rules[].filter.prefix"),
    ("aws:cloudfront:Distribution", "restrictions.geoRestriction.restrictionType"),
    ("aws:cloudfront:Distribution", "viewerCertificate.cloudfrontDefaultCertificate"),
    ("aws:cloudfront:Distribution", "defaultCacheBehavior.cachedMethods[]"),
    ("aws:appautoscaling:Policy", "resourceId"),
    ("aws:appautoscaling:Policy", "scalableDimension"),
    ("aws:appautoscaling:Policy", "serviceNamespace"),
}
OWN_TOKENS = {
    "aws:route53:Record": "_record",
    "aws:acm:CertificateValidation": "_validation",
}  # of a certificate
INVOKE = (
    "fn::invoke.function",
    "fn::invoke.options.provider",
    "fn::invoke.return",
    "fn::invoke.arguments.withDecryption",
)


def log_groups(template):
    return {name for name, r in template["Resources"].items() if r["Type"] == "AWS::Logs::LogGroup"}


def content(build):
    """Of the tag, which is "<service>-image-<digest>-<arch>": builds of one content share one."""
    return build["uri"].rsplit("-image-", 1)[1]


def images(planned):
    """The tag's uri that stands in the template → what stands in the program."""
    made = {}
    for name, resource in planned["program"]["resources"].items():
        for build in planned["builds"]:
            if (
                name.startswith("Image_")
                and resource["properties"]["environment"]["IMAGE_SERVICE"] == build["service"]
            ):
                made[content(build)] = f"{build['uri'].rsplit(':', 1)[0]}@«{name}»"
    return {build["uri"]: made[content(build)] for build in planned["builds"]}


@pytest.fixture(params=list(programs.plans()))
def plan(request):
    return programs.planned(request.param)


def test_resources(plan):
    graph, program = plan["template"]["Resources"], plan["program"]["resources"]
    assert set(graph) <= set(program)
    assert {walk.owner(name) for name in program if not name.startswith("Image_")} - {
        "aws",
        "command",
    } == set(graph)
    assert sum(name.startswith("Image_") for name in program) == len(
        {content(build) for build in plan["builds"]}
    )
    assert ("command" in program) == bool(plan["builds"])


def own(name, part, token, path, text):
    """Whether the program may say this although the plan does not."""
    if (
        (token, path) in OWN
        or path.endswith(INVOKE)
        or (token in OWN_TOKENS and part.startswith(f"{name}{OWN_TOKENS[token]}"))
    ):
        return True
    return part != name and text == f"«{name}»"  # a part names what it is a part of


def test_values(plan):
    groups, swapped = log_groups(plan["template"]), images(plan)
    for name, resource in plan["template"]["Resources"].items():
        given, keys = Counter(), Counter()
        for part, node in walk.parts(plan["program"], name):
            found = walk.program_leaves(node["properties"], walk.Found(), groups)
            keys += found.keys
            given += Counter(
                text for path, text in found.leaves if not own(name, part, node["type"], path, text)
            )
        said = walk.template_leaves(resource.get("Properties", {}), walk.Found())
        for path, text in sorted(
            said.leaves, key=lambda leaf: (resource["Type"], leaf[0]) in OTHERWISE
        ):
            text = swapped.get(text, text)
            if given[text] > 0:
                given[text] -= 1
            elif path.endswith(
                ("Tags[].Key", "Dimensions[].Name")
            ):  # a list of pairs becomes a map
                assert keys[text] > 0, f"{name}: {path} = {text} is lost"
            else:
                assert (resource["Type"], path) in OTHERWISE, f"{name}: {path} = {text} is lost"
        for text, count in said.keys.items():  # a map becomes a list of pairs
            given[text] -= (
                count if text in resource.get("Properties", {}).get("Parameters", {}) else 0
            )
        if resource["Type"] == "AWS::ECS::Service" and "DesiredCount" not in resource["Properties"]:
            given["1"] -= (
                1  # scaled by others: what it begins with, see test_scaled_service_keeps_its_count
            )
        assert not +given, f"{name} says what is not in the plan"


def test_references(plan):
    groups = log_groups(plan["template"])
    for name, resource in plan["template"]["Resources"].items():
        wanted = walk.template_leaves(
            resource.get("Properties", {}), walk.Found()
        ).references | set(resource.get("DependsOn", []))
        given = set()
        for _, node in walk.parts(plan["program"], name):
            given |= walk.program_leaves(node["properties"], walk.Found(), groups).references
            given |= walk.program_leaves(
                node.get("options", {}).get("dependsOn", []), walk.Found(), groups
            ).references
        config = set(plan["program"].get("config", {})) | {"aws"}  # the provider of an invoke
        assert {one for one in given if not one.startswith("Image_")} - {
            name
        } - config == wanted - {name}


def test_images(plan):
    """Each built image is the digest that its own build printed, and the build waits for what it
    runs on.
    """
    program = plan["program"]["resources"]
    for build in plan["builds"]:
        wanted = images(plan)[build["uri"]].replace("«", "${").replace("»", ".stdout}")
        users = [
            name
            for name, node in program.items()
            if node["type"] == "aws:ecs:TaskDefinition" and f"'image': '{wanted}'" in str(node)
        ]
        assert users, f"nothing runs the image of {build['service']}"
        assert build["uri"] not in plan["yaml"].replace(f"--destination={build['uri']}", "")
    for name, node in program.items():
        if not name.startswith("Image_"):
            continue
        assert node["properties"]["create"] == "sh ./image.sh" and plan["script"].startswith(
            "#!/bin/sh\n"
        )
        on = {walk.owner(text[2:-1]) for text in node["options"]["dependsOn"]}
        assert {"BuildRepository", "KanikoRole", "BuildSecurityGroup", "LogGroupBuilds"} <= on
        assert {"Cluster", "PublicRoute1"} & set(
            plan["template"]["Resources"]
        ) <= on  # unless the project brings its own
        assert "k3j2h4g5f6d7" not in str(node), (
            "the deployment's id would change the image at each up"
        )


def test_parts_are_waited_for(plan):
    """What refers to a role waits for its policies: in CloudFormation they are one."""
    program = plan["program"]["resources"]
    for name in plan["template"]["Resources"]:
        node = program[name]
        on = {text[2:-1] for text in node.get("options", {}).get("dependsOn", [])}
        used = walk.program_leaves(node["properties"], walk.Found(), set()).references | {
            one for one in on if "_" not in one
        }
        for other in program:
            if (
                "_" in other
                and walk.owner(other) in used - {name}
                and not other.startswith("Image_")
            ):
                assert other in on, f"{name} does not wait for {other}"


def test_order_has_no_cycle(plan):
    program = plan["program"]["resources"]
    edges = {}
    for name, node in program.items():
        text = str(node.get("properties", {})) + str(node.get("options", {}).get("dependsOn", []))
        edges[name] = {
            other.replace("]", "[").split("[")[0].split(".")[0]
            for other in (piece.split("}")[0] for piece in text.replace("$$", "").split("${")[1:])
        } & set(program)
    list(graphlib.TopologicalSorter(edges).static_order())


def test_outputs(plan):
    wanted, given = walk.Found(), walk.Found()
    template = {
        name: walk.template_text(value["Value"], wanted)
        for name, value in plan["template"].get("Outputs", {}).items()
    }
    program = {
        name: walk.program_text(value, given, set())
        for name, value in plan["program"].get("outputs", {}).items()
    }
    assert program == template


def test_protection(plan):
    for name, resource in plan["template"]["Resources"].items():
        properties = resource.get("Properties", {})
        attributes = {a["Key"]: a["Value"] for a in properties.get("LoadBalancerAttributes", [])}
        guarded = (
            properties.get("DeletionProtection") is True
            or attributes.get("deletion_protection.enabled") == "true"
        )
        kept = resource.get("DeletionPolicy") in (
            "Retain",
            "RetainExceptOnCreate",
        ) and not resource.get("Metadata", {}).get("Purge")
        # Pulumi rolls nothing back, and cannot take over a group that is there.
        kept = kept and resource["Type"] != "AWS::Logs::LogGroup"
        for part, node in walk.parts(plan["program"], name):
            options = node.get("options", {})
            assert options.get("retainOnDelete", False) == kept, part
            assert options.get("protect", False) == (guarded and part == name), part


def test_snapshots(plan):
    for name, resource in plan["template"]["Resources"].items():
        if resource["Type"] not in ("AWS::RDS::DBInstance", "AWS::DocDB::DBCluster"):
            continue
        node = plan["program"]["resources"][name]
        policies = resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")
        wanted = (
            False
            if policies[0] == "Snapshot"
            else "${dropData}"
            if policies[1] == "Snapshot"
            else True
        )
        assert node["properties"]["skipFinalSnapshot"] == wanted
        if wanted is not True:
            assert "finalSnapshotIdentifier" in node["options"]["ignoreChanges"]
        if wanted == "${dropData}":
            assert plan["program"]["config"]["dropData"] == {"type": "boolean", "default": False}


def test_secrets(plan):
    """What CloudFormation resolves from the config store is marked as secret; nothing of
    CloudFormation's language is left.
    """
    secrets = sum(
        text.count("{{resolve:ssm-secure:") + text.count("{{resolve:secretsmanager:")
        for _, text in raw(plan["template"]["Resources"])
    )
    assert plan["yaml"].count("fn::secret:") == secrets
    for words in ("{{resolve", "AWS::", "Fn::"):
        assert words not in plan["yaml"]


def raw(value, path=""):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from raw(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from raw(item, path)
    elif isinstance(value, str):
        yield path, value


def test_losses_are_said(plan):
    for note in plan["notes"]:
        assert f": {note}\n" in plan["yaml"]
    namespaces = [
        n
        for n, r in plan["template"]["Resources"].items()
        if r["Type"] == "AWS::ServiceDiscovery::PrivateDnsNamespace"
    ]
    assert {f"{n}: Properties.DnsProperties.SOA.TTL" for n in namespaces} <= set(plan["notes"])


def test_scaled_service_keeps_its_count(plan):
    template, program = plan["template"]["Resources"], plan["program"]["resources"]
    scaled = set()
    for resource in template.values():
        if resource["Type"] == "AWS::ApplicationAutoScaling::ScalableTarget":
            scaled |= walk.template_leaves(resource["Properties"], walk.Found()).references
    for name, resource in template.items():
        if resource["Type"] == "AWS::ECS::Service":
            free = name in scaled or "DesiredCount" not in resource["Properties"]
            assert (
                "desiredCount" in program[name].get("options", {}).get("ignoreChanges", [])
            ) == free, name


def test_these_tests_see_a_loss():
    """A value, a reference, a policy taken out of a program is found."""
    import copy

    def without(change):
        plan = copy.deepcopy(programs.planned("example"))
        change(plan["program"]["resources"])
        return plan

    changes = [
        (test_values, lambda r: r["ServiceWeb"]["properties"].pop("desiredCount")),
        (test_values, lambda r: r["Vpc"]["properties"].update(cidrBlock="10.1.0.0/16")),
        (test_values, lambda r: r["Vpc"]["properties"].update(instanceTenancy="dedicated")),
        (
            test_values,
            lambda r: r["ExecutionRole_policy1"]["properties"]["policy"]["fn::toJSON"][
                "Statement"
            ].pop(),
        ),
        (test_references, lambda r: r["ServiceWeb"]["options"].update(dependsOn=[])),
        (test_resources, lambda r: r.pop("Namespace")),
        (
            test_parts_are_waited_for,
            lambda r: r["TaskDefinitionWeb"]["options"].update(dependsOn=[]),
        ),
        (
            test_images,
            lambda r: (
                r["Image_Web"]["options"]["dependsOn"].remove("${KanikoRole}")
                or r["Image_Web"]["options"]["dependsOn"].remove("${KanikoRole_policy1}")
            ),
        ),
        (
            test_order_has_no_cycle,
            lambda r: r["Vpc"].update(options={"dependsOn": ["${ServiceWeb}"]}),
        ),
    ]
    for test, change in changes:
        with pytest.raises((AssertionError, graphlib.CycleError)):
            test(without(change))
