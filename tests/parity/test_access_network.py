"""Certificates that are wrong in one way each, and endpoints as botocore takes them."""

from __future__ import annotations

import datetime
import os
import pathlib
import ssl
from typing import Any

import botocore.session
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .access_kit import KEYS, Shell, Stub

# --- 9: certificates ---


class Certificates:
    """A CA, and servers' certificates that are wrong in one way each."""

    def __init__(self, folder: pathlib.Path, name: str = "access CA") -> None:
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.bundle = folder / "ca.pem"
        self.bundle.write_bytes(self.sign(self.name, self.key, -1, 2, None))

    def sign(
        self, subject: x509.Name, key: Any, first_day: int, last_day: int, host: str | None
    ) -> bytes:
        now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + first_day * day)
            .not_valid_after(now + last_day * day)
            .add_extension(x509.BasicConstraints(host is None, None), critical=True)
        )
        if host:
            names = x509.SubjectAlternativeName([x509.DNSName(host)])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def server(self, host: str = "localhost", first_day: int = -1, last_day: int = 1) -> Stub:
        key = ec.generate_private_key(ec.SECP256R1())
        pem = self.folder / "server.pem"
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        pem.write_bytes(
            self.sign(subject, key, first_day, last_day, host)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        return Stub(context)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def test_access_09_certificates_say_what_is_wrong(
    shell: Shell, certificates: Certificates, tmp_path: pathlib.Path
) -> None:
    shell.env |= KEYS
    good = certificates.server()
    shell.env["AWS_ENDPOINT_URL_STS"] = f"https://localhost:{good.port}"
    shell.fails(4, "name the CA's certificate with AWS_CA_BUNDLE")
    shell.env["AWS_CA_BUNDLE"] = str(certificates.bundle)
    assert shell.whoami()[0] == 0
    other = tmp_path / "other"
    other.mkdir()
    for name in ("another CA", "access CA"):
        shell.env["AWS_CA_BUNDLE"] = str(Certificates(other, name).bundle)
        shell.fails(4, f"checked against {other}/ca.pem (AWS_CA_BUNDLE)", "add it there")
    config = shell.write(".aws/config", f"[default]\nca_bundle = {other}/none.pem\n")
    del shell.env["AWS_CA_BUNDLE"]
    shell.fails(4, "none.pem cannot be used: No such file", f"ca_bundle in {config}:2 names")
    shell.env["AWS_CA_BUNDLE"] = str(shell.write("plain.txt", "hello"))
    shell.fails(4, "plain.txt cannot be used: it holds no certificate", "AWS_CA_BUNDLE names")
    shell.write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    shell.env["AWS_CA_BUNDLE"] = str(tmp_path / "broken.pem")
    shell.fails(4, "a certificate in it is damaged")
    os.mkfifo(tmp_path / "pipe")
    shell.env["AWS_CA_BUNDLE"] = str(tmp_path / "pipe")
    shell.fails(4, "is neither a file nor a folder", "AWS_CA_BUNDLE names it")


def test_access_09_dates_and_names(shell: Shell, certificates: Certificates) -> None:
    shell.env |= {**KEYS, "AWS_CA_BUNDLE": str(certificates.bundle)}
    for first, last in ((-3, -2), (1, 2)):
        stub = certificates.server(first_day=first, last_day=last)
        shell.env["AWS_ENDPOINT_URL_STS"] = f"https://localhost:{stub.port}"
        shell.fails(4, "does not hold at this machine's time", "No CA bundle helps")
    stub = certificates.server("elsewhere.example")
    shell.env["AWS_ENDPOINT_URL_STS"] = f"https://localhost:{stub.port}"
    shell.fails(4, "The certificate is for other hosts", without="CA_BUNDLE")
    plain = Stub()
    shell.env["AWS_ENDPOINT_URL_STS"] = f"https://localhost:{plain.port}"
    shell.fails(4, "There is no TLS on this port", without="CA_BUNDLE")


def test_access_09_a_container_with_a_ca_of_its_own(
    shell: Shell, certificates: Certificates
) -> None:
    """As the CLI: AWS_CA_BUNDLE does not count there; so nobody is told to set it."""
    stub = certificates.server()
    shell.env |= {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"https://localhost:{stub.port}/c",
        "AWS_CA_BUNDLE": str(certificates.bundle),
    }
    shell.fails(3, "AWS_CA_BUNDLE does not count for it", "update-ca-certificates")


# --- 11: endpoints ---

ENDPOINTS = [
    "http://127.0.0.1:{}",
    " http://127.0.0.1:{}",
    "http://127.0.0.1:{} ",
    "\thttp://127.0.0.1:{}",
    "http://127.0.0.1:{}\r",
    "http://user:pw@127.0.0.1:{}",
    "http://user:p@w@127.0.0.1:{}",
    "http://127.0.0.1:{}/base",
    "http://127.0.0.1:{}/base/",
    "http://127.0.0.1:{}/a/b//c/",
    "http://127.0.0.1:{}/",
    "http://127.0.0.1:{}//",
    "http://127.0.0.1:{}/a b",
    "http://127.0.0.1:{}/a%20b",
    "http://127.0.0.1:{}/\u00fc",
    "http://127.0.0.1:{}?x=1",
    "http://127.0.0.1:{}/b#frag",
    "HTTP://127.0.0.1:{}",
    "http://LOCALHOST:{}",
    "127.0.0.1:{}",
    "//127.0.0.1:{}",
    "http:/127.0.0.1:{}",
    "ftp://127.0.0.1:{}",
    "http://127.0.0.1:x",
    "http://127.0.0.1:99999",
    "http://",
    "http:///x",
    "http://local_host:{}",
    "http://a..b:{}",
    "http://-x.y:{}",
    "http:// 127.0.0.1:{}",
    "'http://127.0.0.1:{}'",
]


# Kept: a second client finds the models loaded.
BOTOCORE = botocore.session.Session()


@pytest.mark.parametrize("url", ENDPOINTS)
def test_access_11_endpoints_as_botocore_takes_them(
    shell: Shell, sts: Stub, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.env |= {**KEYS, "AWS_ENDPOINT_URL_STS": url.format(sts.port)}
    for name in [n for n in os.environ if n.startswith("AWS_") or n.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(shell.home))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    try:
        BOTOCORE.create_client(
            "sts",
            region_name="us-west-2",
            endpoint_url=url.format(sts.port),
            aws_access_key_id="AKIA",
            aws_secret_access_key="secret",
        ).get_caller_identity()
        wanted = list(sts.seen)
    except Exception:  # whatever it raises, it does not work
        wanted = []
    sts.seen.clear()
    code, said = shell.whoami()
    assert list(sts.seen) == wanted, said
    assert code == (0 if wanted else 2), said
    assert wanted or "AWS_ENDPOINT_URL_STS names it for STS" in said, said
    assert "pw@" not in said and "p@w" not in said
