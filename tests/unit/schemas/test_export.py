"""The published files: as the models say, valid as what they claim to be, and true of every example."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from pydantic import TypeAdapter, ValidationError

import schemas
from schemas.export import documents, write
from schemas.json_schema import json_schemas, models
from schemas.replies import REPLY_BY_OP
from schemas.wire import strict
from tests.unit.schemas.examples import CLAIMS, NOW, QUERIES, Body
from tests.unit.schemas.told import ANSWERS, EVENTS

ROOT = Path(schemas.__file__).parent
SCHEMAS = json_schemas()
ASYNCAPI = json.loads(documents()["asyncapi.json"])

PARKED: Body = {
    "x-parked-reason": "poison",
    "x-parked-detail": "It failed.",
    "x-parked-exchange": "allocation.claims",
    "x-parked-routing-key": "allocation.set",
    "x-parked-queue": "allocation.claims",
    "x-parked-attempts": 3,
    "x-parked-first-at": NOW,
    "x-parked-last-at": NOW,
}
EXAMPLES: list[tuple[str, Any]] = [
    *((body["op"], body) for body in CLAIMS + QUERIES),
    *((body["type"], body) for body in EVENTS),
    *((f"{body['type']}.data", body["data"]) for body in EVENTS),
    *((f"{op}.reply", {"ok": True, "data": data}) for op, data in ANSWERS.items()),
    ("error.reply", {"ok": False, "error": {"code": "claim_not_found", "message": "No.", "details": {}}}),
    ("error.reply", {"ok": False, "error": {"code": "provider_not_found", "message": "No.", "details": {}}}),
    ("parked.headers", PARKED),
    ("claims.batch", {"op": "claims.batch", "claims": CLAIMS}),
    ("events.batch", EVENTS),
]
BATCH = next(body for name, body in EXAMPLES if name == "claims.batch")


def strict_model_of(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(models()[name])


def test_the_files_are_those_that_the_models_give() -> None:
    on_disk = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in [ROOT / "asyncapi.json", *(ROOT / "json").iterdir()]
    }
    assert on_disk == documents()


def test_every_message_has_an_example() -> None:
    assert {name for name, _ in EXAMPLES} == set(SCHEMAS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_one_of_draft_2020_12(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize(("name", "body"), EXAMPLES)
def test_schema_and_model_accept_each_example_exactly(name: str, body: Any) -> None:
    Draft202012Validator(SCHEMAS[name]).validate(body)
    strict_model_of(name).validate_python(strict(json.dumps(body)), extra="forbid")


@pytest.mark.parametrize(
    "body",
    [
        {**BATCH, "claims": []},
        {**BATCH, "claims": CLAIMS[:1] * 257},
        {**BATCH, "claims": [BATCH]},
        {**BATCH, "more": 1},
    ],
    ids=["no claims", "too many", "a batch within", "an unknown field"],
)
def test_schema_and_model_refuse_what_is_no_batch(body: Body) -> None:
    assert not Draft202012Validator(SCHEMAS["claims.batch"]).is_valid(body)
    with pytest.raises(ValidationError):
        strict_model_of("claims.batch").validate_python(strict(json.dumps(body)))


@pytest.mark.parametrize("name", ["allocation.granted", "provider.list.reply", "claim.rejected"])
def test_subscribers_schemas_let_a_newer_worker_add_fields(name: str) -> None:
    body = next(body for example, body in EXAMPLES if example == name)
    Draft202012Validator(SCHEMAS[name]).validate({**body, "added_later": 1})


def test_the_asyncapi_document_meets_its_meta_schema() -> None:
    meta = json.loads((Path(__file__).parent / "asyncapi-3.0.0.json").read_text(encoding="utf-8"))
    assert list(Draft7Validator(meta).iter_errors(ASYNCAPI)) == []


def test_the_asyncapi_check_notices_a_broken_document() -> None:
    meta = json.loads((Path(__file__).parent / "asyncapi-3.0.0.json").read_text(encoding="utf-8"))
    operations = {**ASYNCAPI["operations"], "park": {"action": "throw", "channel": {}}}
    assert not Draft7Validator(meta).is_valid({**ASYNCAPI, "operations": operations})


def test_every_reference_in_the_asyncapi_document_leads_somewhere() -> None:
    files = documents()
    for target in re.findall(r'"\$ref": "([^"]+)"', files["asyncapi.json"]):
        if target.startswith("./"):
            assert target.removeprefix("./") in files
            continue
        node = ASYNCAPI
        for step in target.removeprefix("#/").split("/"):
            node = node[step]


def test_every_message_is_on_a_channel_of_the_asyncapi_document() -> None:
    told = {name for channel in ASYNCAPI["channels"].values() for name in channel["messages"]}
    assert told == set(ASYNCAPI["components"]["messages"])
    assert {name for name in SCHEMAS if not name.endswith((".data", ".headers"))} == told - {"parked"}


def test_another_prefix_names_other_exchanges_and_queues() -> None:
    text = documents(prefix="spare")["asyncapi.json"]
    assert {"spare.claims", "spare.events", "spare.queries", "spare.dead"} <= set(re.findall(r'"(spare[^"]*)"', text))
    assert not re.search(r'"allocation\.(claims|events|queries|dead)"', text)


def test_documents_are_written_where_one_asks(tmp_path: Path) -> None:
    write(tmp_path / "new")
    assert (tmp_path / "new/json/allocation.set.schema.json").read_text(encoding="utf-8") == documents()[
        "json/allocation.set.schema.json"
    ]


def generations(node: Any, named: str = "") -> Iterator[Body]:
    """The schema of every generation, given or told, as deep as it stands; what may be null beside what may not."""
    if named in {"generation", "expected", "found"}:
        yield from node.get("anyOf", [node])
    elif named == "provider_generations":
        yield node["additionalProperties"]
    for key, below in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from generations(below, key if isinstance(key, str) else "")


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_generation_is_any_number_that_every_json_reader_has_exactly(name: str) -> None:
    found = [one for one in generations(SCHEMAS[name]) if one != {"type": "null"}]
    ends = {(one["type"], one["minimum"], one["maximum"]) for one in found}
    assert ends <= {("integer", 0, 2**53 - 1)}
    assert ends or name not in {"allocation.set", "provider.reshape", "allocation.granted", "claim.rejected"}


def test_every_query_has_an_answer() -> None:
    assert set(REPLY_BY_OP) == {body["op"] for body in QUERIES}
