"""Walk a model by its type hints: every string in it is declared (`Gives`), and replaced by what its kind asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from diagnose.capture.strings import Gives, Kind

M = TypeVar("M", bound=BaseModel)
Replace = Callable[[Kind, str], str]

_LISTS = (list, Sequence)
_PLAIN = (int, float, bool, NoneType)


def rewrite(model: M, replace: Replace) -> M:
    """Return a copy of a model with every string in it replaced; raises TypeError for one that is not declared."""
    changed = {
        name: _rewritten(hint, getattr(model, name), replace)
        for name, hint in _hints(type(model)).items()
        if _holds_strings(hint)
    }
    return model.model_copy(update=changed)


@cache
def _hints(model: type[BaseModel]) -> dict[str, Any]:
    hints = get_type_hints(model, include_extras=True)
    return {name: hints[name] for name in model.model_fields}


def strings(hint: Any, where: str = "") -> Iterator[tuple[str, Kind | None]]:
    """Yield the strings that a value of this type can hold, with the place and the declared kind; None: undeclared.

    What this module cannot look into (Any, object, a union of several types) counts as an undeclared string.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated and arguments[0] is str:
        yield where, _kind(hint)
    elif origin is Annotated:
        yield from strings(arguments[0], where)
    elif (inner := _optional(hint)) is not None:
        yield from strings(inner, where)
    elif origin in _LISTS:
        yield from strings(arguments[0], f"{where}[]")
    elif origin is dict:
        yield from strings(arguments[0], f"{where}{{}}")
        yield from strings(arguments[1], f"{where}{{}}")
    elif isinstance(hint, type) and issubclass(hint, BaseModel):
        for name, field in _hints(hint).items():
            yield from strings(field, f"{where}.{name}")
    elif origin is not Literal and hint not in _PLAIN:
        yield where, None


def _rewritten(hint: Any, value: Any, replace: Replace) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if value is None or isinstance(value, int | float) or origin is Literal:
        return value
    if isinstance(value, str) and (kind := _kind(hint)) is not None:
        return replace(kind, value)
    if origin is Annotated:
        return _rewritten(arguments[0], value, replace)
    if (inner := _optional(hint)) is not None:
        return _rewritten(inner, value, replace)
    if origin in _LISTS:
        return [_rewritten(arguments[0], item, replace) for item in value] if _holds_strings(hint) else value
    if origin is dict:
        key, item = arguments
        plain = not _holds_strings(item)
        return {_rewritten(key, k, replace): v if plain else _rewritten(item, v, replace) for k, v in value.items()}
    if isinstance(value, BaseModel):
        return rewrite(value, replace)
    raise TypeError(f"a {type(value).__name__} that does not say what it gives away cannot be redacted")


def _holds_strings(hint: Any) -> bool:
    return any(True for _ in strings(hint))


def _kind(hint: Any) -> Kind | None:
    kinds = [part.kind for part in getattr(hint, "__metadata__", ()) if isinstance(part, Gives)]
    return kinds[0] if len(kinds) == 1 else None


def _optional(hint: Any) -> Any:
    """Return X of "X | None"; None for any other type."""
    if get_origin(hint) not in (Union, UnionType):
        return None
    others = [part for part in get_args(hint) if part is not NoneType]
    return others[0] if len(others) == 1 else None
