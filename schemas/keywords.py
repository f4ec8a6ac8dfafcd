"""Which JSON Schema keyword each finding of the validator stands for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

CUSTOM_RULES: Final = frozenset(
    {"format", "uniqueItems", "multipleOf", "minimum", "maximum", "maxProperties", "anyOf", "oneOf", "required", "type"}
)
"""Rules our own validators name; they give their limit themselves."""


@dataclass(frozen=True, slots=True)
class Keyword:
    """`rule`, or for a mapping `for_mappings`; the limit is `limit`, or stands in the context under `limit_key`."""

    rule: str
    limit: object = None
    limit_key: str | None = None
    for_mappings: str | None = None

    def rule_for(self, value: object) -> str:
        """The keyword that failed on this value."""
        if self.for_mappings is not None and isinstance(value, Mapping):
            return self.for_mappings
        return self.rule

    def limit_in(self, context: Mapping[str, Any]) -> object:
        """What the keyword asks, from the validator's context where it stands there."""
        return context.get(self.limit_key) if self.limit_key is not None else self.limit


def _types(limit: str, *kinds: str) -> dict[str, Keyword]:
    return dict.fromkeys(kinds, Keyword("type", limit))


def _formats(limit: str, *kinds: str) -> dict[str, Keyword]:
    return dict.fromkeys(kinds, Keyword("format", limit))


_BOUNDS: Final = {
    "greater_than": Keyword("exclusiveMinimum", limit_key="gt"),
    "greater_than_equal": Keyword("minimum", limit_key="ge"),
    "less_than": Keyword("exclusiveMaximum", limit_key="lt"),
    "less_than_equal": Keyword("maximum", limit_key="le"),
    "multiple_of": Keyword("multipleOf", limit_key="multiple_of"),
    "decimal_max_digits": Keyword("maximum", limit_key="max_digits"),
    "decimal_whole_digits": Keyword("maximum", limit_key="whole_digits"),
    "decimal_max_places": Keyword("multipleOf", limit_key="decimal_places"),
    "too_short": Keyword("minItems", limit_key="min_length", for_mappings="minProperties"),
    "too_long": Keyword("maxItems", limit_key="max_length", for_mappings="maxProperties"),
    "string_too_short": Keyword("minLength", limit_key="min_length"),
    "string_too_long": Keyword("maxLength", limit_key="max_length"),
    "bytes_too_short": Keyword("minLength", limit_key="min_length"),
    "bytes_too_long": Keyword("maxLength", limit_key="max_length"),
    "url_too_long": Keyword("maxLength", limit_key="max_length"),
    "string_pattern_mismatch": Keyword("pattern", limit_key="pattern"),
    "string_unicode": Keyword("pattern", r"^[^\x00]*$"),
    "string_not_ascii": Keyword("pattern", r"^[\x00-\x7f]*$"),
}

_SHAPE: Final = {
    **dict.fromkeys(
        (
            "missing",
            "missing_argument",
            "missing_keyword_only_argument",
            "missing_positional_only_argument",
            "no_such_attribute",
            "union_tag_not_found",
            "default_factory_not_called",
        ),
        Keyword("required"),
    ),
    **dict.fromkeys(
        (
            "extra_forbidden",
            "unexpected_keyword_argument",
            "unexpected_positional_argument",
            "multiple_argument_values",
        ),
        Keyword("additionalProperties", limit=False),
    ),
    "enum": Keyword("enum", limit_key="expected"),
    "literal_error": Keyword("const", limit_key="expected"),
    "union_tag_invalid": Keyword("enum", limit_key="expected_tags"),
    "uuid_version": Keyword("format", "uuid"),
    "json_invalid": Keyword("contentMediaType", "application/json"),
}

_TYPES: Final = {
    **_types(
        "object",
        "model_type",
        "model_attributes_type",
        "dataclass_type",
        "dataclass_exact_type",
        "dict_type",
        "frozen_dict_type",
        "ordered_dict_type",
        "counter_type",
        "mapping_type",
        "named_tuple_type",
        "arguments_type",
        "recursion_loop",
        "recursion_depth_exceeded",
        "get_attribute_error",
        "needs_python_object",
        "is_instance_of",
        "is_subclass_of",
        "callable_type",
        "frozen_field",
        "frozen_instance",
        "value_error",
        "assertion_error",
    ),
    **_types(
        "array",
        "list_type",
        "deque_type",
        "tuple_type",
        "set_type",
        "frozen_set_type",
        "iterable_type",
        "iteration_error",
        "set_item_not_hashable",
    ),
    **_types("string", "string_type", "bytes_type", "invalid_key", "json_type", "bytes_invalid_encoding"),
    **_types("boolean", "bool_type", "bool_parsing"),
    **_types("integer", "int_type", "int_parsing", "int_parsing_size", "int_from_float"),
    **_types(
        "number",
        "float_type",
        "float_parsing",
        "finite_number",
        "decimal_type",
        "decimal_parsing",
        "fraction_type",
        "fraction_parsing",
        "complex_type",
        "complex_str_parsing",
    ),
    **_types("null", "none_required", "missing_sentinel_error", "ellipsis_error"),
}

_FORMATS: Final = {
    **_formats("uuid", "uuid_type", "uuid_parsing"),
    **_formats("uri", "url_type", "url_parsing", "url_syntax_violation", "url_scheme"),
    **_formats("time", "time_type", "time_parsing"),
    **_formats("duration", "time_delta_type", "time_delta_parsing"),
    **_formats(
        "date",
        "date_type",
        "date_parsing",
        "date_from_datetime_parsing",
        "date_from_datetime_inexact",
        "date_past",
        "date_future",
    ),
    **_formats(
        "date-time",
        "datetime_type",
        "datetime_parsing",
        "datetime_object_invalid",
        "datetime_from_date_parsing",
        "datetime_past",
        "datetime_future",
        "timezone_naive",
        "timezone_aware",
        "timezone_offset",
    ),
}

KEYWORDS: Final[dict[str, Keyword]] = {**_BOUNDS, **_SHAPE, **_TYPES, **_FORMATS}
"""Every error type the validator has; a test walks through all of them."""
