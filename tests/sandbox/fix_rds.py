"""RDS over moto: instances take time to become available, to change and to go; and the refusals
that a template meets in AWS (versions, parameter group family, password, zones, things in use).

`install` wraps moto's models for what takes time; the functions beside are called before moto
answers (registry.PREPARE) and raise what AWS would. A major version becomes the minor one that RDS
picks (VERSIONS). Which versions can be made and which classes a region has is cfn-lint's word, who
has it from AWS. Reserved names and password rules are those of RDS's documentation.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import pathlib
import re
from typing import Any

from . import ecs_network
from .errors import AwsError
from .later import later
from .registry import prepare
from .wire import Call

# major version -> the minor RDS picks for it
VERSIONS = {
    "postgres": {"13": "13.20", "14": "14.17", "15": "15.12", "16": "16.8", "17": "17.4"},
    "mysql": {"8.0": "8.0.41", "8.4": "8.4.4"},
    "mariadb": {"10.6": "10.6.21", "10.11": "10.11.11", "11.4": "11.4.5"},
}
DEFAULT = {"postgres": "17", "mysql": "8.0", "mariadb": "11.4"}
RESERVED = {
    "postgres": {"admin", "rdsadmin", "user", "public", "authenticated"},
    "mysql": {"rdsadmin", "admin_"},
    "mariadb": {"rdsadmin"},
}


LINTED = "schemas/extensions/aws_rds_dbinstance"


@functools.cache
def linted(name: str) -> Any:
    spec = importlib.util.find_spec("cfnlint")  # importing it takes seconds
    assert spec and spec.origin
    return json.loads((pathlib.Path(spec.origin).parent / "data" / LINTED / name).read_text())


def conditions(node: Any, engine: str) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [c for item in node for c in conditions(item, engine)]
    if not isinstance(node, dict):
        return []
    own = [node] if "if" in node and f'"{engine}"' in json.dumps(node["if"]) else []
    return own + [c for value in node.values() for c in conditions(value, engine)]


@functools.cache
def offered(engine: str) -> set[str]:
    """docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBEngineVersions.html"""

    def enum(node: dict[str, Any]) -> list[str]:
        return node.get("properties", {}).get("EngineVersion", {}).get("enum", [])

    known = {v for c in conditions(linted("engine_version.json"), engine) for v in enum(c["then"])}
    old = conditions(linted("engine_version_deprecated.json"), engine)
    return known - {v for c in old for v in enum(c["if"])}


@functools.cache
def classes(region: str, engine: str) -> set[str]:
    """API_DescribeOrderableDBInstanceOptions; a region that is not known has all."""
    body = linted("dbinstanceclass_enum.json").get(region, {})
    return {
        c
        for one in conditions(body, engine)
        for c in one["then"].get("properties", {}).get("DBInstanceClass", {}).get("enum", [])
    }


def minutes(text: str) -> int:
    days = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
    *day, hour, minute = text.lower().split(":")
    return (days.index(day[0]) * 24 * 60 if day else 0) + int(hour) * 60 + int(minute)


def check_windows(backup: str | None, maintenance: str | None) -> None:
    """docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html: the two may not
    overlap, each at least 30 minutes."""
    if not backup or not maintenance:
        return
    days = 24 * 60
    from_, to = (minutes(end) for end in maintenance.split("-"))
    begin, end = (minutes(part) for part in backup.split("-"))
    end += days if end < begin else 0
    to += 7 * days if to < from_ else 0
    if any(begin + d * days < to and from_ < end + d * days for d in range(-1, 9)):
        raise AwsError(
            "InvalidParameterValue",
            "The backup window and maintenance window must not overlap.",
        )


def check_support(engine: str, full: str, support: str | None) -> None:
    """docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support-creating.html: past standard
    support nothing is made for whom Extended Support is off."""
    if engine == "postgres" and int(major(engine, full)) < 14 and "disabled" in (support or ""):
        raise AwsError(
            "InvalidParameterCombination",
            f"You can't create a DB instance with {engine} {full} when RDS Extended Support is "
            "disabled.",
        )


def backend(call: Call) -> Any:
    from moto.rds.models import rds_backends

    return rds_backends[call.account][call.region]


def install(context: Any) -> None:
    from moto.rds.models import DBInstance, RDSBackend

    make, modify, delete = (
        DBInstance.__init__,
        RDSBackend.modify_db_instance,
        RDSBackend.delete_db_instance,
    )
    endpoint = DBInstance.endpoint.fget  # type: ignore[attr-defined]

    def start(self: Any, *args: Any, **kwargs: Any) -> None:
        self._created_here = False
        make(self, *args, **kwargs)
        self.status = "creating"
        self.dbi_resource_id = "db-" + self.dbi_resource_id[3:]
        self._created_here = True
        later(context, "rds-create", lambda: settle(self, "creating"))

    def settle(self: Any, expected: str) -> None:
        if self.status == expected:
            self.status = "available"
            self._up = True

    def change(self: Any, name: str, wanted: dict[str, Any]) -> Any:
        database = modify(self, name, wanted)
        database.status = "modifying"
        later(context, "rds-modify", lambda: settle(database, "modifying"))
        return database

    def remove(
        self: Any, db_instance_identifier: str, *args: Any, **kwargs: Any
    ) -> Any:  # moto names it
        name = db_instance_identifier
        known = self.databases.get(name)
        if known is not None and known.status == "deleting":
            raise AwsError("InvalidDBInstanceState", f"Instance {name} is already being deleted.")
        database = delete(self, name, *args, **kwargs)
        self.databases[name] = database
        database.status = "deleting"
        later(
            context,
            "rds-delete",
            lambda: self.databases.pop(name) if self.databases.get(name) is database else None,
        )
        return database

    DBInstance.__init__ = start  # type: ignore[method-assign]
    DBInstance.endpoint = property(
        lambda self: endpoint(self) if getattr(self, "_up", False) else None
    )  # type: ignore[assignment]
    RDSBackend.modify_db_instance = change  # type: ignore[method-assign]
    RDSBackend.delete_db_instance = remove  # type: ignore[method-assign]


def set_form(call: Call, name: str, value: str) -> None:
    """Change a parameter before moto reads the form."""
    from urllib.parse import urlencode

    call.flat[name] = value
    call.params[name] = value
    call.request.body = urlencode(call.flat).encode()
    call.request.target = call.request.path


def version(call: Call, engine: str, wanted: str) -> str:
    known = VERSIONS.get(engine)
    if known is None:
        raise AwsError("InvalidParameterValue", f"Invalid DB engine: {engine}")
    if wanted in known:
        return known[wanted]
    if wanted in offered(engine):
        return wanted
    raise AwsError("InvalidParameterCombination", f"Cannot find version {wanted} for {engine}")


def major(engine: str, full: str) -> str:
    return full.split(".")[0] if engine == "postgres" else ".".join(full.split(".")[:2])


def check_password(password: str | None) -> None:
    if password is None:
        return
    if len(password) < 8:
        raise AwsError(
            "InvalidParameterValue",
            "The parameter MasterUserPassword is not a valid password because it is shorter than "
            "8 characters.",
        )
    if re.search(r"[/@\" ]|[^\x20-\x7e]", password) or len(password) > 128:
        raise AwsError(
            "InvalidParameterValue",
            "The parameter MasterUserPassword is not a valid password. Only printable ASCII "
            "characters besides '/', '@', '\"', ' ' may be used.",
        )


@prepare("rds", "CreateDBInstance")
def create_instance(_sandbox: Any, call: Call) -> None:
    params = call.params
    engine, name = params["Engine"], params["DBInstanceIdentifier"]
    if len(name) > 63 or not re.fullmatch(r"[A-Za-z](?:-?[A-Za-z0-9])*", name):
        raise AwsError(
            "InvalidParameterValue",
            "The parameter DBInstanceIdentifier is not a valid identifier. Identifiers must begin "
            "with a letter; must contain only ASCII letters, digits, and hyphens; and must not "
            "end with a hyphen or contain two consecutive hyphens.",
        )
    full = version(call, engine, params.get("EngineVersion") or DEFAULT.get(engine, ""))
    set_form(call, "EngineVersion", full)
    if not re.fullmatch(r"db\.[a-z0-9]+\.\w+", params["DBInstanceClass"]):
        raise AwsError(
            "InvalidParameterValue", f"Invalid DB Instance class: {params['DBInstanceClass']}"
        )
    has = classes(call.region, engine)
    if has and params["DBInstanceClass"] not in has:
        raise AwsError(
            "InvalidParameterCombination",
            f"RDS does not support creating a DB instance with the following combination: "
            f"DBInstanceClass={params['DBInstanceClass']}, Engine={engine}, EngineVersion={full}.",
        )
    check_support(engine, full, params.get("EngineLifecycleSupport"))
    check_windows(params.get("PreferredBackupWindow"), params.get("PreferredMaintenanceWindow"))
    if not params.get("DBSnapshotIdentifier"):
        if not params.get("MasterUsername"):
            raise AwsError(
                "InvalidParameterValue",
                "The parameter MasterUsername must be provided and must not be blank.",
            )
        if params["MasterUsername"].lower() in RESERVED.get(engine, ()):
            raise AwsError(
                "InvalidParameterValue",
                f"MasterUsername {params['MasterUsername']} cannot be used as it is a reserved "
                "word used by the engine",
            )
        if not params.get("MasterUserPassword") and not params.get("ManageMasterUserPassword"):
            raise AwsError(
                "InvalidParameterValue",
                "The parameter MasterUserPassword must be provided and must not be blank.",
            )
        if int(params.get("AllocatedStorage") or 0) < 20:
            raise AwsError(
                "InvalidParameterCombination",
                f"Invalid storage size for engine name {engine} and storage type "
                f"{params.get('StorageType', 'gp2')}: {params.get('AllocatedStorage', 0)}",
            )
    check_password(params.get("MasterUserPassword"))
    if params.get("DBName") and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", params["DBName"]):
        raise AwsError(
            "InvalidParameterValue",
            "DBName must begin with a letter or underscore and contain only alphanumeric "
            "characters.",
        )
    check_family(call, engine, full)
    if params.get("MaxAllocatedStorage") and int(params["MaxAllocatedStorage"]) < int(
        params.get("AllocatedStorage") or 0
    ):
        raise AwsError(
            "InvalidParameterCombination", "Max storage size must be greater than storage size"
        )
    for group in params.get("VpcSecurityGroupIds", []):
        if ecs_network.find_group(ecs_network.backend(call.account, call.region), group) is None:
            raise AwsError(
                "InvalidParameterValue", f"Invalid security group , groupId= {group}, groupName= "
            )
    if params.get("DBSubnetGroupName") and params["DBSubnetGroupName"].lower() not in {
        n.lower() for n in backend(call).subnet_groups
    }:
        raise AwsError(
            "DBSubnetGroupNotFoundFault",
            f"DB subnet group '{params['DBSubnetGroupName']}' does not exist.",
            404,
        )


def check_family(call: Call, engine: str, full: str) -> None:
    name = call.params.get("DBParameterGroupName")
    group = backend(call).db_parameter_groups.get(name) if name else None
    family = engine + major(engine, full)
    if group is not None and group.family != family:
        raise AwsError(
            "InvalidParameterCombination",
            f"The Parameter Group {name} with DBParameterGroupFamily {group.family} can't be used "
            f"for this instance. Please use a Parameter Group with DBParameterGroupFamily {family}",
        )


@prepare("rds", "ModifyDBInstance")
def modify_instance(_sandbox: Any, call: Call) -> None:
    database = backend(call).databases.get(call.params["DBInstanceIdentifier"].lower())
    if database is None:
        return
    if database.status != "available":
        raise AwsError(
            "InvalidDBInstanceState",
            f"Database instance is not in available state: {database.status}",
        )
    check_password(call.params.get("MasterUserPassword"))
    if call.params.get("EngineVersion"):
        full = version(call, database.engine, call.params["EngineVersion"])
        if major(database.engine, full) != major(
            database.engine, database.engine_version
        ) and not call.params.get("AllowMajorVersionUpgrade"):
            raise AwsError(
                "InvalidParameterCombination",
                "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major "
                "version.",
            )
        set_form(call, "EngineVersion", full)


def need_available(call: Call) -> None:
    """A snapshot needs a database that is up."""
    database = backend(call).databases.get(call.params["DBInstanceIdentifier"].lower())
    if database is not None and database.status != "available":
        raise AwsError(
            "InvalidDBInstanceState",
            "Cannot create a snapshot because the database instance "
            f"{call.params['DBInstanceIdentifier']} is not currently in the available state.",
        )


@prepare("rds", "CreateDBSnapshot")
def create_snapshot(_sandbox: Any, call: Call) -> None:
    need_available(call)


@prepare("rds", "DeleteDBInstance")
def delete_instance(_sandbox: Any, call: Call) -> None:
    skip, final = (
        call.params.get("SkipFinalSnapshot", False),
        call.params.get("FinalDBSnapshotIdentifier"),
    )
    if not skip and not final:
        raise AwsError(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
        )
    if skip and final:
        raise AwsError(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier can not be specified when deleting with SkipFinalSnapshot.",
        )
    if final:
        need_available(call)


@prepare("rds", "CreateDBSubnetGroup")
def create_subnet_group(_sandbox: Any, call: Call) -> None:
    zones = set()
    for name in call.params["SubnetIds"]:
        subnet = ecs_network.find_subnet(ecs_network.backend(call.account, call.region), name)
        if subnet is None:
            raise AwsError("InvalidSubnet", f"Some input subnets in :[{name}] are invalid.")
        zones.add(subnet.availability_zone)
    if len(zones) < 2:
        raise AwsError(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. "
            f"Current AZ coverage: {', '.join(sorted(zones))}. "
            "Add subnets to cover at least 2 AZs.",
        )


@prepare("rds", "DeleteDBSubnetGroup")
def delete_subnet_group(_sandbox: Any, call: Call) -> None:
    name = call.params["DBSubnetGroupName"]
    if any(
        (getattr(d, "_db_subnet_group_name", None) or "").lower() == name.lower()
        for d in list(backend(call).databases.values())
    ):
        raise AwsError(
            "InvalidDBSubnetGroupStateFault",
            f"Cannot delete the subnet group '{name}' because at least one database instance is "
            "still using it.",
        )


@prepare("rds", "DeleteDBParameterGroup")
def delete_parameter_group(_sandbox: Any, call: Call) -> None:
    name = call.params["DBParameterGroupName"]
    if any(d.db_parameter_group_name == name for d in backend(call).databases.values()):
        raise AwsError(
            "InvalidDBParameterGroupState",
            f"One or more database instances are still members of this parameter group {name}, "
            "so the group cannot be deleted",
        )
