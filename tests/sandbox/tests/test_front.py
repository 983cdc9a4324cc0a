"""The front: signatures, clock, errors in each protocol's shape, journal, faults, strictness.

Raw requests where botocore would not send what is wrong. What must hold: every service refuses a
wrong key, a wrong signature and a wrong clock with its own words; the journal counts every call and
shows no secret; a scripted fault acts as often as it says; a connection stays open.
"""

import http.client
import json
import socket
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError, HTTPClientError

from sandbox_kit import KEY, SECRET, Kit


def refused(call, *args, **kwargs):
    with pytest.raises(ClientError) as caught:
        call(*args, **kwargs)
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"][
        "HTTPStatusCode"
    ]


ASK = {
    "sts": "get_caller_identity",
    "ecs": "list_clusters",
    "s3": "list_buckets",
    "ec2": "describe_vpcs",
    "route53": "list_hosted_zones",
    "lambda": "list_functions",
}


@pytest.mark.parametrize(
    "service,unknown,wrong,token",
    [
        ("sts", "InvalidClientTokenId", "SignatureDoesNotMatch", "InvalidClientTokenId"),
        (
            "ecs",
            "UnrecognizedClientException",
            "InvalidSignatureException",
            "UnrecognizedClientException",
        ),
        ("s3", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken"),
        ("ec2", "AuthFailure", "AuthFailure", "AuthFailure"),
        ("route53", "InvalidClientTokenId", "SignatureDoesNotMatch", "InvalidClientTokenId"),
        (
            "lambda",
            "UnrecognizedClientException",
            "InvalidSignatureException",
            "UnrecognizedClientException",
        ),
    ],
)
def test_refusals(kit, service, unknown, wrong, token):
    assert (
        refused(getattr(kit.client(service, key="AKIAXXXXXXXXXXXXXXXX"), ASK[service]))[0]
        == unknown
    )
    assert refused(getattr(kit.client(service, secret="no"), ASK[service]))[0] == wrong
    assert refused(getattr(kit.client(service, token="no"), ASK[service]))[0] == token
    getattr(kit.client(service), ASK[service])()


@pytest.mark.parametrize(
    "service,offset,code",
    [
        ("sts", 400, "SignatureDoesNotMatch"),
        ("sts", -400, "SignatureDoesNotMatch"),
        ("ecs", 400, "InvalidSignatureException"),
        ("ec2", 400, "RequestExpired"),
        ("s3", 1000, "RequestTimeTooSkewed"),
    ],
)
def test_clock_skew(kit, service, offset, code):
    kit.control("POST", "clock", {"offset": offset})
    assert refused(getattr(kit.client(service), ASK[service]))[0] == code
    kit.control("POST", "clock", {"offset": offset / 100})
    getattr(kit.client(service), ASK[service])()


def test_unsigned(kit):
    for headers, body, code in (
        (
            {
                "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters",
                "Content-Type": "application/x-amz-json-1.1",
            },
            b"{}",
            b"MissingAuthenticationTokenException",
        ),
        (
            {"Content-Type": "application/x-www-form-urlencoded"},
            b"Action=DescribeStacks&Version=2010-05-15",
            b"MissingAuthenticationToken",
        ),
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(
                urllib.request.Request(kit.url + "/", data=body, headers=headers)
            )
        assert code in caught.value.read()


def test_temporary_credentials_end(kit, ground):
    key = kit.client("sts").assume_role(RoleArn=ground.role, RoleSessionName="me")["Credentials"]
    mine = (key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"])
    assert kit.client("sts", *mine).get_caller_identity()["Arn"].endswith(":assumed-role/tasks/me")
    assert kit.control("POST", "expire", {"key": key["AccessKeyId"]}) == {"expired": 1}
    assert refused(kit.client("sts", *mine).get_caller_identity) == ("ExpiredToken", 403)
    assert refused(kit.client("ecs", *mine).list_clusters) == ("ExpiredTokenException", 400)
    assert refused(kit.client("s3", *mine).list_buckets) == ("ExpiredToken", 400)


def test_role_policies_are_held_against_calls(kit, ground):
    key = kit.client("sts").assume_role(RoleArn=ground.role, RoleSessionName="me")["Credentials"]
    mine = (key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"])
    kit.client("ecr", *mine).get_authorization_token()
    assert refused(kit.client("ecs", *mine).list_clusters)[0] == "AccessDeniedException"
    assert refused(kit.client("ec2", *mine).describe_vpcs)[0] == "UnauthorizedOperation"


def test_s3_signing_and_payload(kit):
    s3 = kit.client("s3")
    s3.create_bucket(
        Bucket="front-bucket", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    s3.put_object(Bucket="front-bucket", Key="a b/ü+x", Body=b"hello")
    assert s3.get_object(Bucket="front-bucket", Key="a b/ü+x")["Body"].read() == b"hello"
    link = s3.generate_presigned_url(
        "get_object", Params={"Bucket": "front-bucket", "Key": "a b/ü+x"}, ExpiresIn=60
    )
    assert urllib.request.urlopen(link).read() == b"hello"
    for broken, code in (
        (link[:-1] + ("0" if link[-1] != "0" else "1"), b"SignatureDoesNotMatch"),
        (link.replace("X-Amz-Expires=60", "X-Amz-Expires=61"), b"SignatureDoesNotMatch"),
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(broken)
        assert caught.value.code == 403 and code in caught.value.read()
    kit.control("POST", "clock", {"offset": 100})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(link)
    assert b"Request has expired" in caught.value.read()
    kit.control("POST", "clock", {"offset": 0})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(kit.url + "/front-bucket/a%20b/%C3%BC%2Bx")
    assert caught.value.code == 403
    assert (
        refused(
            s3.put_object,
            Bucket="front-bucket",
            Key="k",
            Body=b"x",
            ContentMD5="AAAAAAAAAAAAAAAAAAAAAA==",
        )[0]
        == "BadDigest"
    )


def test_unknown_things_are_errors(kit):
    ecs = kit.client("ecs")
    signer = ecs._request_signer
    from botocore.awsrequest import AWSRequest

    def send(target, body):
        request = AWSRequest(
            "POST",
            kit.url + "/",
            data=body,
            headers={"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"},
        )
        signer.sign("ListClusters", request)
        try:
            return 200, urllib.request.urlopen(
                urllib.request.Request(kit.url + "/", data=body, headers=dict(request.headers))
            ).read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    prefix = "AmazonEC2ContainerServiceV20141113."
    assert send(prefix + "ListClusters", b"{}")[0] == 200
    assert b"UnknownOperationException" in send(prefix + "ListPlusters", b"{}")[1]
    assert (
        b"unknown parameters in ListClusters: maxResult"
        in send(prefix + "ListClusters", b'{"maxResult": 1}')[1]
    )
    assert b"SerializationException" in send(prefix + "ListClusters", b"{")[1]


def test_journal_masks_secrets_and_counts(kit):
    before = kit.last()
    kit.client("ssm").put_parameter(Name="/j/pw", Value="hunter2", Type="SecureString")
    entries = kit.journal(since=before)
    assert [(e["service"], e["operation"], e["status"]) for e in entries] == [
        ("ssm", "PutParameter", 200)
    ]
    assert entries[0]["params"] == {"Name": "/j/pw", "Value": "***", "Type": "SecureString"}
    assert "hunter2" not in json.dumps(kit.journal(internal=1))


def test_faults(kit):
    ecs = kit.client("ecs")
    match = {"service": "ecs", "operation": "ListClusters", "times": 1}
    kit.control("POST", "faults", [{"match": match, "do": {"throttle": True}}])
    assert refused(ecs.list_clusters)[0] == "ThrottlingException"
    ecs.list_clusters()
    kit.control(
        "POST",
        "faults",
        [
            {
                "match": {**match, "after": 1},
                "do": {"error": {"code": "ServerException", "status": 500}},
            }
        ],
    )
    ecs.list_clusters()
    assert refused(ecs.list_clusters) == ("ServerException", 500)
    kit.control("POST", "faults", [{"match": match, "do": {"html500": True}}])
    assert refused(ecs.list_clusters)[1] == 500
    for cut in ("reset", "truncate"):
        kit.control("POST", "faults", [{"match": match, "do": {cut: True}}])
        with pytest.raises((HTTPClientError, Exception)) as caught:
            ecs.list_clusters()
        assert not isinstance(caught.value, ClientError)
    kit.control("POST", "faults", [{"match": match, "do": {"throttle": True}}])
    before = kit.last()
    kit.client("ecs", attempts=2).list_clusters()
    assert [e["error"] for e in kit.journal(service="ecs", since=before)] == [
        "ThrottlingException",
        None,
    ]
    with pytest.raises(urllib.error.HTTPError):
        kit.control("POST", "faults", [{"match": {"servize": "ecs"}, "do": {"throttle": True}}])


def test_connection_stays_open_and_one_continue(kit):
    host = kit.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host)
    for _ in range(3):
        connection.request("GET", "/_sandbox/health")
        assert json.loads(connection.getresponse().read())["ok"] is True
    with socket.create_connection(host.split(":")) as raw:
        raw.sendall(
            b"POST /_sandbox/behaviour HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
            b"Expect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        assert raw.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        raw.sendall(b"{}")
        rest = b""
        while chunk := raw.recv(4096):
            rest += chunk
        assert rest.startswith(b"HTTP/1.1 200") and rest.count(b"HTTP/1.1") == 1


def test_ends_on_signal(tmp_path):
    started = Kit(tmp_path)
    assert started.client("sts", KEY, SECRET).get_caller_identity()["Account"] == "123456789012"
    assert started.end() == 0
