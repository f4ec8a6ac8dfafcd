"""No message takes long, or much memory, however it is made: the largest there can be, each shaped to hurt."""

import time
import tracemalloc

import pytest

from tests.fuzz.arriving import check_delivery, packed
from tests.fuzz.seeds import PROPERTIES
from tests.fuzz.targets import check_whole_delivery
from tests.unit.schemas.examples import CLAIM, CONSUMER, PROVIDER
from worker.messages import Delivery

MIB = 1024 * 1024
CPU_SECONDS_MAX = 2.0
"""Some hundredths at rest; a busy machine takes longer, what grows with the square of a size takes minutes."""
MEMORY_MAX = 128 * MIB


def claim(op: str, field: bytes) -> tuple[str, bytes]:
    """A claim with one more field, filled up."""
    return op, b'{"op":"%s","claim_id":"%s",%s}' % (op.encode(), CLAIM.encode(), field)


def place(request: bytes) -> tuple[str, bytes]:
    """A request, filled up."""
    owner = b'{"id":"%s","project":"p","user":"u"}' % CONSUMER.encode()
    return claim("allocation.place", b'"consumer":%s,"request":{"groups":{%s}}' % (owner, request))


RATIO = b'"provider":"%s","resource_class":"VCPU","total":1,"allocation_ratio":' % PROVIDER.encode()
LARGE = {
    "nesting of 100,000": ("x", b"[" * 100_000),
    "nesting of 100,000 in a field": claim("trait.ensure", b'"x":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "nesting in a member": ("claims.batch", b'{"op":"claims.batch","claims":[%s]}' % (b"[" * 100_000 + b"]" * 100_000)),
    "a number of a million digits": claim("inventory.create", RATIO + b"1" * 1_000_000),
    "a number of 4,300 digits": claim("inventory.create", RATIO + b"1" * 4_300),
    "a fraction of a million digits": claim("inventory.create", RATIO + b"0." + b"3" * 1_000_000),
    "a huge exponent": claim("inventory.create", RATIO + b"1e999999999"),
    "a tiny exponent": claim("inventory.create", RATIO + b"1e-999999999"),
    "an exponent of half a million digits": claim("inventory.create", RATIO + b"1e" + b"9" * 500_000),
    "one key again and again": ("x", b"{" + b",".join([b'"a":0'] * 170_000) + b"}"),
    "70,000 unknown fields": claim("trait.ensure", b",".join(b'"%d":0' % n for n in range(70_000))),
    "a name of a million characters": claim("trait.ensure", b'"name":"%s"' % (b"A" * 1_000_000)),
    "a key of a million characters": claim("trait.ensure", b'"%s":0' % (b"A" * 1_000_000)),
    "an op of a million characters": ("x", b'{"claim_id":"%s","op":"%s"}' % (CLAIM.encode(), b"A" * 1_000_000)),
    "300,000 empty lists": claim("trait.ensure", b'"x":[' + b"[]," * 300_000 + b"0]"),
    "escapes only": claim("trait.ensure", b'"name":"%s"' % (b"\\ud800\\u0000" * 80_000)),
    "140,000 wrong traits": claim("provider_traits.replace", b'"traits":[' + b"0," * 140_000 + b"0]"),
    "140,000 wrong aggregates": claim("provider_aggregates.replace", b'"aggregates":[' + b"0," * 140_000 + b"0]"),
    "70,000 wrong amounts": claim(
        "allocation.adjust",
        b'"add":{"%s":{' % PROVIDER.encode() + b",".join(b'"%d":0' % n for n in range(70_000)) + b"}}",
    ),
    "70,000 wrong generations": claim(
        "allocation.set", b'"provider_generations":{' + b",".join(b'"%d":0' % n for n in range(70_000)) + b"}"
    ),
    "90,000 groups": place(b",".join(b'"_%d":{}' % n for n in range(90_000))),
    "many choices that are wrong": place(b'"":{"required":[' + b",".join([b'["a",0]'] * 100_000) + b"]}"),
    "100,000 members": ("claims.batch", b'{"op":"claims.batch","claims":[' + b"{}," * 100_000 + b"{}]}"),
    "256 members of 4 KiB of nothing": (
        "claims.batch",
        b'{"op":"claims.batch","claims":[' + b",".join([b'{"x":"%s"}' % (b"a" * 4_000)] * 256) + b"]}",
    ),
    "a byte beyond the limit": ("x", b" " * (MIB + 1)),
    "spaces up to the limit": ("x", b" " * MIB),
    "spaces in a batch": ("claims.batch", b'{"op":"claims.batch",' + b" " * (MIB - 100) + b'"claims":[{}]}'),
}


def delivered(shape: str) -> Delivery:
    """It, with no properties."""
    routing_key, body = LARGE[shape]
    return Delivery(body, routing_key, PROPERTIES[0], 1, 1, False, 0)


@pytest.mark.parametrize("shape", LARGE)
def test_a_large_message_takes_little_time(shape: str) -> None:
    begun = time.process_time()
    check_delivery(delivered(shape))
    assert time.process_time() - begun < CPU_SECONDS_MAX


@pytest.mark.parametrize("shape", ["70,000 unknown fields", "300,000 empty lists"])
def test_a_large_message_takes_little_memory(shape: str) -> None:
    tracemalloc.start()
    try:
        check_delivery(delivered(shape))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEMORY_MAX


def table(kind: bytes, items: bytes, key: bytes = b"a") -> bytes:
    """A header whose value is a list (A) or a table (F) of encoded items."""
    return bytes([len(key)]) + key + kind + len(items).to_bytes(4) + items


def deep(levels: int) -> bytes:
    """Tables in tables."""
    inner = b""
    for _ in range(levels):
        inner = table(b"F", inner)
    return inner


HEADERS = {
    "a list of 130,000 nothings": table(b"A", b"V" * 130_000),
    "43,000 names": b"".join(bytes([2, 33 + n % 93, 33 + n // 93 % 93]) + b"V" for n in range(32_000)),
    "tables 300 deep": deep(300),
    "tables 5,000 deep": deep(5_000),
    "text of a frame": table(b"S", b"x" * 130_000),
    "bytes that are no text": table(b"S", b"\xff" * 120_000),
}


@pytest.mark.parametrize("shape", HEADERS)
def test_headers_of_a_whole_frame_take_little_time_and_memory(shape: str) -> None:
    begun = time.process_time()
    check_whole_delivery(with_headers(HEADERS[shape]))
    assert time.process_time() - begun < CPU_SECONDS_MAX


def with_headers(encoded: bytes) -> bytes:
    """A delivery that cannot be read, with these headers and no other property."""
    plain = packed(PROPERTIES[0], "k", b"{")
    header = plain[4:16] + (0x2000).to_bytes(2) + len(encoded).to_bytes(4) + encoded
    return len(header).to_bytes(4) + header + b"k\n{"
