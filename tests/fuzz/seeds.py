"""What fuzzing begins with: an example of every message, what makes trouble elsewhere, files as people write them."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pamqp.commands import Basic

from schemas.json_schema import json_schemas
from tests.fuzz.arriving import packed
from tests.unit.schemas.examples import CLAIMS, QUERIES
from tests.unit.schemas.told import ANSWERS, EVENTS

NASTY_TEXTS: Final = (
    "\x1b[31m\x1b]0;t\x07",
    'a\r\n{"event":"forged"}',
    "\u202egnp.exe\u2066\u200f",
    "'; DROP TABLE providers; --",
    "%s%n%(x)s {0.__class__} ${jndi:ldap://h/a} {{7*7}} $(id) `id`",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "[bold red]x[/]",
    "\x7f\x80\x9b31m\u2028\u2029\ufeff",
    "=1+1",
    "\U0001f98a\u0301\u200d",
)
"""All of it may stand in a name; nothing of it may act."""
NASTY_JSON: Final = (
    '{"claim_id":"\\ud800","op":"\\u0000"}',
    '{"a":1e999999999,"b":-0.0,"c":1E-999999999}',
    '{"a":' + "9" * 4300 + "}",
    '{"a":NaN,"b":Infinity}',
    '{"a":1,"a":2}',
    '{"a":' + "[" * 200 + "]" * 200 + "}",
    '{"op":"claims.batch","claims":[{"op":"x","a":1e99},[],NaN]}',
    "\ufeff{}",
)
MOMENT: Final = datetime(2026, 1, 1, tzinfo=UTC)
PROPERTIES: Final = (
    Basic.Properties(),
    Basic.Properties(
        content_type="application/json",
        content_encoding="gzip",
        headers={
            "a": {
                "b": [
                    1,
                    None,
                    True,
                    1.5,
                    Decimal("1.5"),
                    bytearray(b"\xff"),
                    datetime(2026, 1, 1, tzinfo=UTC),
                    2**63 - 1,
                ]
            },
            "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01",
            "x-parked-first-at": "\x1b[2J",
            "x-parked-reason": "none",
            "x-delivery-count": 2**62,
        },
        delivery_mode=2,
        priority=255,
        correlation_id="\x1b[2J",
        reply_to="amq.rabbitmq.reply-to",
        expiration="60000",
        message_id="id\n",
        timestamp=MOMENT,
        message_type="%s",
        user_id="guest",
        app_id="\u202e",
    ),
)
NODES: Final = "sn,cpu_milli,memory_mib,gpu,model\nn-1,96000,786432,8,A10\nn-2,64000,1024,0,\n"
TASKS: Final = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,creation_time,deletion_time\n"
    "t-1,4000,1024,1,500,A10|T4,0,10\nt-2,1,1,0,0,,5,\n"
)
SETTINGS: Final = (
    "PREFIX=a.b\nROLE=claims\nBATCH_SIZE_MAX=7\nREPLY_TO_PATTERN=^(amq\\.|r[a-z]{2})",
    "HTTP_PORT=0\nHTTP_HOST=::1\nLOG_FORMAT=console\nLOG_LEVEL=debug\nHISTORY=true\nSOURCE=/x",
    "LOCK_TIMEOUT_MS=5\nSTATEMENT_TIMEOUT_MS=4\nPROBE_BACKOFF_MIN_MS=9\nPROBE_BACKOFF_MAX_MS=8",
    "DATABASE_URL=mysql://x\nBROKER_URL=http://x\nDATABASE_URL_FILE=/\nPREFETCH=9999999",
)
POLICIES: Final = (
    '[[allow]]\nusers = ["ada", "team-*"]\nops = ["allocation.*"]\nprojects = ["research"]\n',
    'on_behalf = ["gate"]\n[[allow]]\nanonymous = true\nops = ["*"]\n',
    "allow = " + "9" * 4_400,
    '[[allow]]\nusers = ["\\u001b[2J"]\nops = ["no.such"]\n[x]\n"\\u202e" = 1979-05-27T07:32:00Z\n',
)
WORDS: Final = ("total=64\nconsumer.id=a\nname=1e5", "p:VCPU=4,MEMORY_MB=1\n_g:VCPU=1", "a|b\n_g:a\ntraits=a,b")


def bodies() -> list[bytes]:
    """Every example, and nasty ones."""
    examples: list[Any] = [*CLAIMS, *QUERIES, *EVENTS, *({"ok": True, "data": data} for data in ANSWERS.values())]
    examples += [{"op": "claims.batch", "claims": CLAIMS[:3]}, EVENTS[:2]]
    examples += [{**one, "name": text} for one, text in zip(CLAIMS, NASTY_TEXTS, strict=False)]
    return [json.dumps(one).encode() for one in examples] + [text.encode() for text in NASTY_JSON]


def seeds() -> Mapping[str, Iterable[bytes]]:
    """What each target begins with."""
    whole = bodies()
    texts = [text.encode() for text in NASTY_TEXTS]
    told = [one for one in whole if b'"ok"' in one or b'"data"' in one]
    arriving = [packed(PROPERTIES[number % 2], _op(body), body) for number, body in enumerate(whole)]
    return {
        "delivery": arriving,
        "claim": whole,
        "query": whole,
        "event": told,
        "told": told,
        "letter": [*arriving[:8], *(packed(PROPERTIES[1], "k", text) for text in texts)],
        "answer": told,
        "log": [*texts, *whole[:8]],
        "trace": [NODES.encode(), TASKS.encode(), b"\xef\xbb\xbf" + NODES.encode()],
        "policy": [text.encode() for text in POLICIES],
        "settings": [text.encode() for text in SETTINGS],
        "words": [text.encode() for text in WORDS],
    }


def write(target: str, folder: Path) -> int:
    """A file each; how many."""
    found = list(seeds()[target])
    for seed in found:
        (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    return len(found)


def words() -> list[bytes]:
    """What stands in messages, for a fuzzer that puts words in."""
    names = {name for schema in json_schemas().values() for name in _names(schema)}
    return sorted(f'"{name}"'.encode() for name in names if name.isascii() and 1 < len(name) <= 40)


def _names(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for one in node:
            yield from _names(one)
    elif isinstance(node, dict):
        for key in ("enum", "required"):
            yield from (one for one in node.get(key, ()) if isinstance(one, str))
        if isinstance(node.get("const"), str):
            yield node["const"]
        for key, one in node.items():
            if key == "properties":
                yield from one
            yield from _names(one)


def _op(body: bytes) -> str:
    try:
        found = json.loads(body).get("op")
    except (ValueError, AttributeError):
        return "allocation.set"
    return found if isinstance(found, str) and found.isprintable() else "allocation.set"
