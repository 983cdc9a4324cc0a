"""The engine's core, shared by all operations and actions: service clients, scopes, attributes,
outputs, and the source of a stack.

Clients go to the sandbox itself by loopback, marked as internal, so that CloudFormation's calls can
be told from the product's in the journal. A scope says what Ref and GetAtt of a stack answer now. A
source is all that a create or update asks for: template, parameters, tags, capabilities, checked
together.

What must hold: an export name is unique in an account's region, and one that another stack imports
keeps its value and stays.
"""

import re
import threading
import urllib.parse
import uuid

from botocore.exceptions import ClientError

from . import capabilities, parameters, schemas
from .errors import ResourceError, validation_error
from .intrinsics import NO_VALUE, Scope, to_text
from .model import Source, Store
from .template import MAX_INLINE_BYTES, MAX_S3_BYTES, Template


class Engine:
    """All that operations and actions share. `context` is sandbox.context.Context."""

    def __init__(self, context):
        self.context = context
        self.store = Store()
        self._clients: dict = {}
        self._methods: dict = {}
        self._client_lock = threading.Lock()
        # stack name -> ARN of the role or user in whose name its resources are made; "" for all
        # rights
        self.principals: dict = {}

    # -- services ------------------------------------------------------------------
    def client(self, service: str, region: str, account: str):
        key = (service, region, account)
        with self._client_lock:
            if key not in self._clients:
                self._clients[key] = self.context.clients(service, region, account)
            return self._clients[key]

    def method(self, client, operation: str) -> str:
        """The client's method for an API operation."""
        service = client.meta.service_model.service_name
        if service not in self._methods:
            self._methods[service] = {
                api: name for name, api in client.meta.method_to_api_mapping.items()
            }
        return self._methods[service][operation]

    def zones(self, account: str, region: str) -> list:
        reply = self.client("ec2", region, account).describe_availability_zones()
        return sorted(z["ZoneName"] for z in reply["AvailabilityZones"])

    # -- scopes --------------------------------------------------------------------
    def scope(self, stack, source: Source, ref, getatt) -> Scope:
        pseudo = {
            "AWS::AccountId": stack.account,
            "AWS::Region": stack.region,
            "AWS::Partition": "aws",
            "AWS::StackName": stack.name,
            "AWS::StackId": stack.id,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NotificationARNs": source.notification_arns,
        }
        return Scope(
            source.template,
            parameters.for_refs(source.template, source.parameters),
            pseudo,
            ref=ref,
            getatt=getatt,
            imports=lambda name: self._import(stack, name),
            zones=lambda region: self.zones(stack.account, region),
        )

    def live_scope(self, stack, source: Source) -> Scope:
        """References answer what is in the account now."""

        def ref(name: str):
            resource = stack.resources.get(name)
            if resource is None or not resource.exists or resource.ref is None:
                raise validation_error(
                    f"Unresolved resource dependency {name}: the resource is not in the stack"
                )
            return resource.ref

        return self.scope(
            stack, source, ref, lambda name, attribute: self.attribute(stack, name, attribute)
        )

    def attribute(self, stack, name: str, attribute: str):
        resource = stack.resources.get(name)
        if resource is None or not resource.exists:
            raise validation_error(
                f"Unresolved resource dependency {name}: the resource is not in the stack"
            )
        if attribute in resource.attributes:
            return resource.attributes[attribute]
        if resource.type in schemas.ALL_PROPERTIES:
            value = resource.properties
            for part in attribute.split("."):
                value = value.get(part) if isinstance(value, dict) else None
            if value is not None:
                return value
        raise validation_error(f"Attribute '{attribute}' does not exist")

    def _import(self, stack, name: str):
        found = self.store.exports(stack.account, stack.region).get(name)
        if found is None:
            raise validation_error(f"No export named {name} found.")
        stack.imports.add(name)
        return found[1]

    def importers(self, stack, export: str) -> list:
        return [
            s
            for s in self.store.of(stack.account, stack.region)
            if export in s.imports and s is not stack and s.status != "DELETE_COMPLETE"
        ]

    # -- outputs -------------------------------------------------------------------
    def outputs(self, stack, source: Source, scope: Scope) -> list:
        """The outputs as DescribeStacks lists them; exports checked against all other stacks."""
        result = []
        taken = self.store.exports(stack.account, stack.region)
        for name, declaration in source.template.outputs.items():
            if not scope.active(declaration):
                continue
            value = scope.resolve(declaration["Value"])
            if value is NO_VALUE or isinstance(value, (dict, list)):
                raise validation_error(
                    "Template format error: The Value field of every Outputs member must evaluate "
                    f"to a String. ({name})"
                )
            output = {
                "OutputKey": name,
                "OutputValue": value
                if not isinstance(value, (bool, int, float))
                else to_text(value),
            }
            if "Description" in declaration:
                output["Description"] = declaration["Description"]
            if declaration.get("Export"):
                export = scope.resolve(declaration["Export"]["Name"])
                if not isinstance(export, str) and not hasattr(export, "causes"):
                    raise validation_error(
                        f"Template format error: Export name of {name} must be a String"
                    )
                owner = taken.get(export, (stack,))[0] if isinstance(export, str) else stack
                if owner is not stack:
                    raise ResourceError(
                        f"Export with name {export} is already exported by stack {owner.name}."
                    )
                output["ExportName"] = export
            result.append(output)
        self._check_used_exports(stack, result)
        return result

    def _check_used_exports(self, stack, outputs: list) -> None:
        new = {
            o["ExportName"]: o["OutputValue"]
            for o in outputs
            if isinstance(o.get("ExportName"), str)
        }
        for output in stack.outputs:
            name = output.get("ExportName")
            if not name or new.get(name) == output["OutputValue"]:
                continue
            users = self.importers(stack, name)
            if users:
                verb = "update" if name in new else "delete"
                raise ResourceError(
                    f"Cannot {verb} export {name} as it is in use by "
                    f"{' and '.join(s.name for s in users)}."
                )

    # -- sources -------------------------------------------------------------------
    def template_body(self, params: dict, account: str, region: str):
        """The template text of TemplateBody or TemplateURL, None when neither is given."""
        body, url = params.get("TemplateBody"), params.get("TemplateURL")
        if body is not None and url is not None:
            raise validation_error("You cannot specify both TemplateBody and TemplateURL")
        if body is not None:
            if len(body.encode()) > MAX_INLINE_BYTES:
                raise validation_error(
                    "1 validation error detected: Value at 'templateBody' failed to satisfy "
                    f"constraint: Member must have length less than or equal to {MAX_INLINE_BYTES}"
                )
            return body
        if url is None:
            return None
        bucket, key, version = parse_s3_url(url, self.context.url)
        wanted = {"VersionId": version} if version else {}
        try:
            data = (
                self.client("s3", region, account)
                .get_object(Bucket=bucket, Key=key, **wanted)["Body"]
                .read()
            )
        except ClientError as error:
            raise validation_error(
                f"S3 error: {error.response['Error'].get('Message', 'Access Denied')}\nFor more "
                "information check http://docs.aws.amazon.com/AmazonS3/latest/API/"
                "ErrorResponses.html"
            ) from None
        if len(data) > MAX_S3_BYTES:
            raise validation_error(f"Template may not exceed {MAX_S3_BYTES} bytes in size.")
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise validation_error(
                "Template format error: the template is not UTF-8 text"
            ) from None

    def source(
        self,
        params: dict,
        account: str,
        region: str,
        previous: Source = None,
        check_capabilities=True,
    ) -> Source:
        """Everything a create or update asks for, checked.

        `previous` is the stack's source, if it exists.
        """
        body = self.template_body(params, account, region)
        if params.get("UsePreviousTemplate"):
            if body is not None:
                raise validation_error(
                    "You cannot specify both usePreviousTemplate and Template Body/Template URL."
                )
            if previous is None:
                raise validation_error("Template must be provided: there is no previous template")
            body = previous.body
        if body is None:
            raise validation_error("Either Template URL or Template Body must be specified.")
        template = Template(body, region)
        values = parameters.resolve(
            template,
            params.get("Parameters", []),
            previous.parameters if previous else None,
            lambda name: self._read_ssm(name, account, region),
        )
        if check_capabilities:
            capabilities.check(template, params.get("Capabilities", []))
        tags = params.get("Tags", previous.tags if previous else [])
        _check_tags(tags)
        return Source(
            body,
            template,
            values,
            tags,
            params.get("Capabilities", []),
            params.get("NotificationARNs", previous.notification_arns if previous else []),
            params.get("RoleARN", previous.role_arn if previous else None),
        )

    def _read_ssm(self, name: str, account: str, region: str) -> str:
        try:
            parameter = self.client("ssm", region, account).get_parameter(Name=name)["Parameter"]
        except ClientError:
            raise validation_error(
                f"Unable to fetch parameters [{name}] from parameter store for this account."
            ) from None
        if parameter["Type"] == "SecureString":
            raise validation_error(
                f"Parameters [{name}] referenced by template have types not supported by "
                "CloudFormation."
            )
        return parameter["Value"]

    def new_stack_id(self, name: str, account: str, region: str) -> str:
        return f"arn:aws:cloudformation:{region}:{account}:stack/{name}/{uuid.uuid4()}"


def _check_tags(tags: list) -> None:
    if len(tags) > 50:
        raise validation_error(
            "1 validation error detected: Value at 'tags' failed to satisfy constraint: "
            "Member must have length less than or equal to 50"
        )
    seen = set()
    for tag in tags:
        if tag["Key"].lower().startswith("aws:"):
            raise validation_error("Tag keys starting with aws: are reserved")
        if tag["Key"] in seen:
            raise validation_error(f"Duplicate tag key {tag['Key']}")
        seen.add(tag["Key"])


def parse_s3_url(url: str, own_url: str) -> tuple:
    """(bucket, key, version id) of an S3 URL: AWS's forms, or the sandbox's own endpoint (path or
    virtual-host).
    """
    parts = urllib.parse.urlsplit(url)
    own = urllib.parse.urlsplit(own_url)
    host = parts.hostname or ""
    query = urllib.parse.parse_qs(parts.query)
    version = query.get("versionId", [None])[0]
    path = urllib.parse.unquote(parts.path).lstrip("/")
    local = parts.port == own.port and (
        host in (own.hostname, "localhost", "127.0.0.1")
        or host.endswith((".localhost", "." + (own.hostname or ""), ".amazonaws.com"))
    )
    virtual = re.fullmatch(
        r"(?P<bucket>[a-z0-9][a-z0-9.-]+)\.s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?"
        r"(?:\.amazonaws\.com(?:\.cn)?|\.localhost|\.127\.0\.0\.1)",
        host,
    )
    plain = re.fullmatch(r"s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?", host)
    bucket, key = None, path
    if (parts.scheme == "https" or local) and plain:
        bucket, _, key = path.partition("/")
    elif (parts.scheme == "https" or local) and virtual:
        bucket = virtual.group("bucket")
    elif local and host in (own.hostname, "localhost", "127.0.0.1"):
        bucket, _, key = path.partition("/")
    elif local:
        bucket = re.sub(r"\.(localhost|127\.0\.0\.1)$", "", host)
    if not bucket or not key:
        raise validation_error("TemplateURL must be a supported URL.")
    return bucket, key, version
