"""The wire contract: what publishers send and subscribers receive. Imports pydantic and nothing else.

- `schemas.claims`: one model a claim; `schemas.decode` reads bytes and says what is wrong in JSON Schema's words.
- `schemas.codes`: why a claim is refused.
"""
