"""What is wrong with a value of a file, in our own words.

pydantic has an English sentence for every fault, and another one in another version; its kinds (`string_type`) stay:
https://docs.pydantic.dev/latest/errors/validation_errors/
"""

from __future__ import annotations

from typing import get_args

from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

_WORDS = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping of names to values",
    "extra_forbidden": "is not a key here",
    "finite_number": "must be a finite number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "frozen_set_type": "must be a list",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "int_type": "must be a whole number",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "list_type": "must be a list",
    "literal_error": "must be {expected}",
    "missing": "is missing",
    "model_attributes_type": "must be a mapping of names to values",
    "model_type": "must be a mapping of names to values",
    "none_required": "must be null",
    "set_type": "must be a list",
    "string_pattern_mismatch": "does not match the pattern {pattern}",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "string_type": "must be text",
    "string_unicode": "must be text in UTF-8",
    "too_long": "must have at most {max_length} entries; it has {actual_length}",
    "too_short": "must have at least {min_length} entries; it has {actual_length}",
    "tuple_type": "must be a list",
    "union_tag_invalid": "must be one of {expected_tags}",
}
_PYDANTIC = frozenset(get_args(ErrorType))


def sentence(fault: ErrorDetails) -> str:
    """Return what is wrong, without the place: "must be a whole number"."""
    context = fault.get("ctx", {})
    if fault["type"] not in _PYDANTIC:  # a kind of ours comes with a sentence of ours
        return fault["msg"]
    if fault["type"] == "value_error":  # what a validator of ours raised
        return str(context["error"])
    try:
        return _WORDS[fault["type"]].format_map(context)
    except KeyError:
        return f"cannot be used ({fault['type']})"
