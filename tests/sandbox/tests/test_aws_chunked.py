"""aws-chunked bodies: what holds passes, and each thing that does not hold is refused.

Bodies are put together here, byte by byte, with signatures worked out by hmac alone, apart from
what checks them. The checksum CRC-64/NVME is held against its published value.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib

import pytest

from sandbox import aws_chunked
from sandbox.errors import AwsError

SECRET, DATE, WHERE, SEED = (
    b"k" * 32,
    "20261122T221530Z",
    "20261122/us-west-2/s3/aws4_request",
    "ab" * 32,
)
DATA = bytes(range(256)) * 64


def crc32_line(data: bytes = DATA) -> str:
    return f"x-amz-checksum-crc32:{base64.b64encode(zlib.crc32(data).to_bytes(4, 'big')).decode()}"


def unsigned(*chunks: bytes, trailer: str = "") -> bytes:
    out = b"".join(f"{len(c):x}\r\n".encode() + c + b"\r\n" for c in chunks)
    return out + b"0\r\n" + (trailer or crc32_line(b"".join(chunks))).encode() + b"\r\n\r\n"


def sign(text: str) -> str:
    return hmac.new(SECRET, text.encode(), hashlib.sha256).hexdigest()


def signed(*chunks: bytes) -> bytes:
    out, previous = b"", SEED
    for chunk in (*chunks, b""):
        previous = sign(
            "\n".join(
                (
                    "AWS4-HMAC-SHA256-PAYLOAD",
                    DATE,
                    WHERE,
                    previous,
                    aws_chunked.EMPTY_SHA256,
                    hashlib.sha256(chunk).hexdigest(),
                )
            )
        )
        out += (
            f"{len(chunk):x};chunk-signature={previous}\r\n".encode()
            + chunk
            + (b"\r\n" if chunk else b"")
        )
    line = crc32_line(b"".join(chunks))
    end = sign(
        "\n".join(
            (
                "AWS4-HMAC-SHA256-TRAILER",
                DATE,
                WHERE,
                previous,
                hashlib.sha256(line.encode() + b"\n").hexdigest(),
            )
        )
    )
    return out + f"{line}\r\nx-amz-trailer-signature:{end}\r\n\r\n".encode()


def content(
    raw: bytes, length: str = str(len(DATA)), announced: str = "x-amz-checksum-crc32"
) -> None:
    aws_chunked.check_content(aws_chunked.parse(raw), length, announced)


def test_what_holds_passes() -> None:
    content(unsigned(DATA[:8192], DATA[8192:]))
    assert aws_chunked.check_signatures(
        aws_chunked.parse(signed(DATA[:8192], DATA[8192:])), SECRET, DATE, WHERE, SEED, True
    )


def test_crc64nvme_is_the_published_one() -> None:
    assert (
        base64.b64encode(aws_chunked.crc64nvme(b"Hello world").to_bytes(8, "big"))
        == b"OOJZ0D8xKts="
    )


@pytest.mark.parametrize(
    ("raw", "length", "announced", "code"),
    [
        (
            unsigned(DATA, trailer=crc32_line(b"other")),
            str(len(DATA)),
            "x-amz-checksum-crc32",
            "BadDigest",
        ),
        (unsigned(DATA), "7", "x-amz-checksum-crc32", "IncompleteBody"),
        (unsigned(DATA), "", "x-amz-checksum-crc32", "MissingContentLength"),
        (unsigned(DATA), str(len(DATA)), "x-amz-checksum-sha256", "MalformedTrailerError"),
        (unsigned(DATA), str(len(DATA)), "", "MalformedTrailerError"),
        (
            unsigned(DATA[:100], DATA[100:]),
            str(len(DATA)),
            "x-amz-checksum-crc32",
            "InvalidChunkSizeError",
        ),
        (unsigned(DATA)[:-2], str(len(DATA)), "x-amz-checksum-crc32", "IncompleteBody"),
        (b"zz\r\n", "0", "", "IncompleteBody"),
        (b"5\r\nab\r\n0\r\n\r\n", "5", "", "IncompleteBody"),
    ],
)
def test_what_does_not_hold_is_refused(raw: bytes, length: str, announced: str, code: str) -> None:
    with pytest.raises(AwsError) as caught:
        content(raw, length, announced)
    assert caught.value.code == code


def test_signatures_are_chained() -> None:
    raw = signed(DATA[:8192], DATA[8192:])
    for old, new in ((DATA[:16], DATA[1:17]), (crc32_line().encode(), crc32_line(b"x").encode())):
        assert old in raw
        assert not aws_chunked.check_signatures(
            aws_chunked.parse(raw.replace(old, new, 1)), SECRET, DATE, WHERE, SEED, True
        )
    assert not aws_chunked.check_signatures(
        aws_chunked.parse(raw), SECRET, DATE, WHERE, "cd" * 32, True
    )
    assert not aws_chunked.check_signatures(
        aws_chunked.parse(raw), SECRET, DATE, WHERE, SEED, False
    )  # a trailer that nobody announced
