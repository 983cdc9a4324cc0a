"""AWS::SecretsManager::Secret."""

import json

from .. import names
from ..errors import ResourceError
from .base import Handler, only, register, without


@register
class Secret(Handler):
    type = "AWS::SecretsManager::Secret"
    name_property = "Name"
    updatable = ("Description", "KmsKeyId", "SecretString", "GenerateSecretString", "Tags")

    @staticmethod
    def _generated(call, rule: dict) -> str:
        template, key = rule.get("SecretStringTemplate"), rule.get("GenerateStringKey")
        if (template is None) != (key is None):
            raise ResourceError(
                call.handler_message(
                    "SecretStringTemplate and GenerateStringKey go together", "InvalidRequest"
                )
            )
        password = call.call(
            "secretsmanager",
            "GetRandomPassword",
            without(rule, "SecretStringTemplate", "GenerateStringKey"),
        )["RandomPassword"]
        if template is None:
            return password
        return json.dumps({**json.loads(template), key: password})

    def _value(self, call, props: dict) -> dict:
        if "SecretString" in props and "GenerateSecretString" in props:
            raise ResourceError(
                call.handler_message(
                    "You can't specify both SecretString and GenerateSecretString", "InvalidRequest"
                )
            )
        if "GenerateSecretString" in props:
            return {"SecretString": self._generated(call, props["GenerateSecretString"])}
        return only(props, "SecretString")

    def create(self, call, props):
        name = props.get("Name") or f"{call.logical_id}-{names.random_part(False)}"
        made = call.call(
            "secretsmanager",
            "CreateSecret",
            without(props, "Name", "SecretString", "GenerateSecretString", "Tags"),
            Name=name,
            Tags=call.tags(props) or None,
            **self._value(call, props),
        )
        return made["ARN"]

    def update(self, call, physical_id, old, new, changed):
        params = only(new, *(changed & {"Description", "KmsKeyId"}))
        if changed & {"SecretString", "GenerateSecretString"}:
            params.update(self._value(call, new))
        if params:
            call.invoke("secretsmanager", "UpdateSecret", SecretId=physical_id, **params)
        if "Tags" in changed:
            gone = call.tags_gone(old, new)
            if gone:
                call.invoke("secretsmanager", "UntagResource", SecretId=physical_id, TagKeys=gone)
            if call.tags(new):
                call.invoke(
                    "secretsmanager", "TagResource", SecretId=physical_id, Tags=call.tags(new)
                )

    def delete(self, call, physical_id, props):
        call.invoke(
            "secretsmanager", "DeleteSecret", SecretId=physical_id, ForceDeleteWithoutRecovery=True
        )

    def attributes(self, call, physical_id, props):
        return {"Id": physical_id}
