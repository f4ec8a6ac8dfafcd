"""The contract as files, for those who do not read Python: `python -m schemas.export DIR` writes them."""

import json
import sys
from pathlib import Path
from typing import Any

from schemas.asyncapi import asyncapi
from schemas.json_schema import json_schemas


def documents(prefix: str = "allocation") -> dict[str, str]:
    """{file name: text}: a JSON Schema for each message and the AsyncAPI document; the same on every call."""
    files = {f"json/{name}.schema.json": _text(schema) for name, schema in json_schemas().items()}
    return {"asyncapi.json": _text(asyncapi(prefix)), **files}


def write(folder: Path, prefix: str = "allocation") -> None:
    """Writes the documents into the folder, making it where it is missing."""
    for name, text in documents(prefix).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m schemas.export DIR")
    write(Path(sys.argv[1]))
