"""S3's aws-chunked bodies: taken apart, and every promise in them checked: chunk signatures, the
trailer's signature, the announced length and the checksum.

Format: the S3 API's chapters on chunked uploads, with and without trailing headers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from .errors import AwsError

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
CRC64_TABLE: list[int] = []
CRC64_BYTES = (
    1 << 18
    # beyond that pure Python would take seconds: the chunks' own signatures and CRC32 have no such
    # bound
)
CHUNK_BYTES = 8192  # what S3 asks of every chunk but the last


@dataclass
class Body:
    chunks: list[tuple[bytes, str]] = field(
        default_factory=list
    )  # data and signature ("" when unsigned); the last is empty
    trailers: dict[str, str] = field(default_factory=dict)
    signed_lines: bytes = b""
    trailer_signature: str = ""


def malformed(what: str) -> AwsError:
    return AwsError("IncompleteBody", f"The request body is malformed: {what}.")


def parse(body: bytes) -> Body:
    result, at = Body(), 0
    while True:
        end = body.find(b"\r\n", at)
        if end < 0:
            raise malformed("a chunk without its size")
        size_text, _, extension = body[at:end].decode("ascii", "replace").partition(";")
        name, _, signature = extension.partition("=")
        if extension and name != "chunk-signature":
            raise malformed(f"an unknown chunk extension {name}")
        try:
            size = int(size_text, 16)
        except ValueError:
            raise malformed("a chunk's size is no hexadecimal number") from None
        at = end + 2
        result.chunks.append((body[at : at + size], signature))
        if size == 0:
            break
        if len(body) < at + size + 2 or body[at + size : at + size + 2] != b"\r\n":
            raise malformed("a chunk does not end where its size says")
        at += size + 2
    lines = body[at:].split(b"\r\n")
    if lines[-2:] != [b"", b""]:
        raise malformed("it does not end with an empty line")
    for line in lines:
        name, _, value = line.decode("ascii", "replace").partition(":")
        if name.lower() == "x-amz-trailer-signature":
            result.trailer_signature = value.strip()
        elif name:
            result.trailers[name.lower()] = value.strip()
            result.signed_lines += f"{name.lower()}:{value.strip()}\n".encode()
    return result


def check_signatures(
    body: Body, secret: bytes, amz_date: str, where: str, seed: str, with_trailer: bool
) -> bool:
    previous = seed
    for data, signature in body.chunks:
        text = "\n".join(
            (
                "AWS4-HMAC-SHA256-PAYLOAD",
                amz_date,
                where,
                previous,
                EMPTY_SHA256,
                hashlib.sha256(data).hexdigest(),
            )
        )
        previous = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(previous, signature):
            return False
    if not with_trailer:
        return not body.trailers
    text = "\n".join(
        (
            "AWS4-HMAC-SHA256-TRAILER",
            amz_date,
            where,
            previous,
            hashlib.sha256(body.signed_lines).hexdigest(),
        )
    )
    return hmac.compare_digest(
        hmac.new(secret, text.encode(), hashlib.sha256).hexdigest(), body.trailer_signature
    )


def crc64nvme(data: bytes) -> int:
    if not CRC64_TABLE:
        for byte in range(256):
            crc = byte
            for _ in range(8):
                crc = crc >> 1 ^ 0x9A6C9329AC4BC9B5 if crc & 1 else crc >> 1
            CRC64_TABLE.append(crc)
    crc = (1 << 64) - 1
    for byte in data:
        crc = crc >> 8 ^ CRC64_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ ((1 << 64) - 1)


DIGESTS: dict[str, Callable[[bytes], bytes]] = {
    "x-amz-checksum-crc32": lambda d: zlib.crc32(d).to_bytes(4, "big"),
    "x-amz-checksum-crc64nvme": lambda d: crc64nvme(d).to_bytes(8, "big"),
    "x-amz-checksum-sha256": lambda d: hashlib.sha256(d).digest(),
    "x-amz-checksum-sha1": lambda d: hashlib.sha1(d).digest(),
}


def check_content(body: Body, decoded_length: str, announced: str) -> None:
    """The length and the checksum that the headers promised."""
    data = b"".join(chunk for chunk, _ in body.chunks)
    if not decoded_length.isdigit():
        raise AwsError(
            "MissingContentLength",
            "You must provide the x-amz-decoded-content-length header with aws-chunked bodies.",
            411,
        )
    if int(decoded_length) != len(data):
        raise AwsError(
            "IncompleteBody",
            "You did not provide the number of bytes specified by the "
            "x-amz-decoded-content-length header",
        )
    if any(len(chunk) < CHUNK_BYTES for chunk, _ in body.chunks[:-2]):
        raise AwsError(
            "InvalidChunkSizeError",
            "Only the last chunk is allowed to have a size less than 8192 bytes",
            403,
        )
    wanted = {name.strip().lower() for name in announced.split(",") if name.strip()}
    if wanted != set(body.trailers):
        raise AwsError(
            "MalformedTrailerError",
            "The request contained trailing data that was not well-formed or did not conform to "
            "our published schema.",
        )
    for name, sent in body.trailers.items():
        digest = DIGESTS.get(name)
        if digest is None or (name.endswith("crc64nvme") and len(data) > CRC64_BYTES):
            continue
        if base64.b64encode(digest(data)).decode() != sent:
            raise AwsError(
                "BadDigest",
                f"The {name.rsplit('-', 1)[1].upper()} you specified did not match the "
                "calculated checksum.",
            )
