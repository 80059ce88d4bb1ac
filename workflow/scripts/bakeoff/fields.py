"""What dataclasses of settings say of themselves: names, descriptions and defaults of their fields.

Owns the way into a type. Must not know what a setting is for, nor how it is checked.
"""

import dataclasses
import typing
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic_core import PydanticUndefined


def names(kind: Any) -> list[str]:
    """Return the names of a dataclass's fields, none of another type."""
    kind = plain(kind)
    return [field.name for field in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else []


def description(field: "dataclasses.Field[Any]") -> str:
    """Return what a setting says of itself."""
    return getattr(field.default, "description", None) or ""


def default(field: "dataclasses.Field[Any]") -> Any:
    """Return a setting's default, dataclasses.MISSING where it is required."""
    about: Any = field.default
    found = about.get_default(call_default_factory=True, validated_data={})
    return dataclasses.MISSING if found is PydanticUndefined else found


def at(kind: Any, path: Iterable[str | int]) -> Any:
    """Return the type at a place inside a type, as far as pydantic's path leads to one."""
    for step in path:
        bare = plain(kind)
        if dataclasses.is_dataclass(bare):
            hints = typing.get_type_hints(bare, include_extras=True)
            kind = hints.get(str(step), Any)
        elif typing.get_origin(bare) is list:
            (kind,) = typing.get_args(bare)
        elif typing.get_origin(bare) is dict:
            kind = typing.get_args(bare)[1]
    return plain(kind)


def plain(kind: Any) -> Any:
    """Strip annotations and `| None` from a type."""
    while True:
        if typing.get_origin(kind) is Annotated:
            kind = typing.get_args(kind)[0]
        elif type(None) in typing.get_args(kind) and len(typing.get_args(kind)) == 2:
            (kind,) = (each for each in typing.get_args(kind) if each is not type(None))
        else:
            return kind
