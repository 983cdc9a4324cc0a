"""AWS::CertificateManager::Certificate: requested, its DNS records made where a zone is given,
waited for until it is issued.

Each record is told as an event, as CloudFormation tells it, so that somebody without a zone here
can write it by hand. A wildcard and its base name share one record. ACM (fix_elb.py) issues the
certificate once its records stand in public zones; without them the resource waits.
"""

from ..errors import ResourceError
from .base import Handler, register, without

VALIDATION_TIMEOUT_SECONDS = 72 * 3600


def _own_tags(call, props: dict) -> list:
    """ACM takes aws: tags from nobody but AWS itself, and moto from nobody."""
    return [t for t in call.tags(props) if not t["Key"].startswith("aws:")]


@register
class Certificate(Handler):
    type = "AWS::CertificateManager::Certificate"
    updatable = ("CertificateTransparencyLoggingPreference", "Tags")

    def create(self, call, props):
        rest = without(
            props, "Tags", "CertificateTransparencyLoggingPreference", "DomainValidationOptions"
        )
        options = props.get("DomainValidationOptions", [])
        domains = [
            {"DomainName": o["DomainName"], "ValidationDomain": o["ValidationDomain"]}
            for o in options
            if "ValidationDomain" in o
        ]
        extra = {"DomainValidationOptions": domains} if domains else {}
        if "CertificateTransparencyLoggingPreference" in props:
            extra["Options"] = {
                "CertificateTransparencyLoggingPreference": props[
                    "CertificateTransparencyLoggingPreference"
                ]
            }
        arn = call.call(
            "acm", "RequestCertificate", rest, Tags=_own_tags(call, props) or None, **extra
        )["CertificateArn"]
        call.started(arn)
        if props.get("ValidationMethod") == "DNS":
            self._records(
                call,
                arn,
                {o["DomainName"]: o["HostedZoneId"] for o in options if "HostedZoneId" in o},
            )

        def issued() -> bool:
            found = self._describe(call, arn)
            if found["Status"] in ("FAILED", "VALIDATION_TIMED_OUT", "REVOKED", "EXPIRED"):
                raise ResourceError(
                    call.handler_message(
                        f"Certificate {arn} is {found['Status']}: {found.get('FailureReason')}",
                        "NotStabilized",
                    )
                )
            return found["Status"] == "ISSUED"

        call.wait(f"certificate {arn}", issued, VALIDATION_TIMEOUT_SECONDS)
        return arn

    @staticmethod
    def _describe(call, arn: str) -> dict:
        return call.invoke("acm", "DescribeCertificate", CertificateArn=arn)["Certificate"]

    def _records(self, call, arn: str, zones: dict) -> None:
        """Writes the validation records into the zones of the template; a wildcard and its base
        share one.
        """
        call.wait(
            "the validation records",
            lambda: all(
                "ResourceRecord" in o for o in self._describe(call, arn)["DomainValidationOptions"]
            ),
        )
        done = set()
        for option in self._describe(call, arn)["DomainValidationOptions"]:
            record, zone = option["ResourceRecord"], zones.get(option["DomainName"])
            call.note(
                f"Content of DNS Record is: {{Name: {record['Name']},Type: {record['Type']},"
                f"Value: {record['Value']}}}"
            )
            if zone is None or (zone, record["Name"]) in done:
                continue
            done.add((zone, record["Name"]))
            change = {
                "Action": "UPSERT",
                "ResourceRecordSet": {
                    "Name": record["Name"],
                    "Type": record["Type"],
                    "TTL": 300,
                    "ResourceRecords": [{"Value": record["Value"]}],
                },
            }
            call.invoke(
                "route53",
                "ChangeResourceRecordSets",
                HostedZoneId=zone,
                ChangeBatch={"Changes": [change]},
            )

    def update(self, call, physical_id, old, new, changed):
        if "CertificateTransparencyLoggingPreference" in changed:
            call.invoke(
                "acm",
                "UpdateCertificateOptions",
                CertificateArn=physical_id,
                Options={
                    "CertificateTransparencyLoggingPreference": new.get(
                        "CertificateTransparencyLoggingPreference", "ENABLED"
                    )
                },
            )
        if "Tags" in changed:
            gone = [k for k in call.tags_gone(old, new) if not k.startswith("aws:")]
            if gone:
                call.invoke(
                    "acm",
                    "RemoveTagsFromCertificate",
                    CertificateArn=physical_id,
                    Tags=[{"Key": k} for k in gone],
                )
            if _own_tags(call, new):
                call.invoke(
                    "acm",
                    "AddTagsToCertificate",
                    CertificateArn=physical_id,
                    Tags=_own_tags(call, new),
                )

    def delete(self, call, physical_id, props):
        call.invoke("acm", "DeleteCertificate", CertificateArn=physical_id)

    def attributes(self, call, physical_id, props):
        return {"Id": physical_id}
