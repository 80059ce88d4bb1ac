"""What a person writes as typed settings: dataclasses that check themselves, faults in one line.

Owns how numbers, lists and names are read and how a complaint is worded. Must not know any setting. The
checking itself is pydantic's, whose import takes a tenth of a second.
"""

import dataclasses
import difflib
import math
import re
import sys
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, TypeVar, dataclass_transform

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from bakeoff import fields, values
from bakeoff.command import UserError

Typed = TypeVar("Typed")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def said(description: str, default: Any = dataclasses.MISSING, **bounds: Any) -> Any:
    """Declare a setting: what it says, its default, and pydantic's bounds; required without a default."""
    if isinstance(default, list | dict):
        return Field(description=description, default_factory=lambda: type(default)(default), **bounds)
    more = {} if default is dataclasses.MISSING else {"default": default}
    return Field(description=description, **more, **bounds)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(said,))
def settings(cls: type[Typed]) -> type[Typed]:
    """Make a class a frozen dataclass that takes its fields by name, each checked, and no others."""
    config = ConfigDict(extra="forbid", validate_default=True)
    return dataclass(frozen=True, kw_only=True, config=config)(cls)  # type: ignore[return-value]


def made(name: str, about: Mapping[str, tuple[Any, Any]], *bases: type[Any]) -> type[Any]:
    """Return a class of settings from the type of each, and what is said of it, after those of `bases`."""
    kinds = {field: kind for field, (kind, _) in about.items()}
    defaults = {field: declared for field, (_, declared) in about.items()}
    return settings(type(name, bases, {"__annotations__": kinds, **defaults}))


def as_number(value: Any) -> Any:
    """Return a value, or the number that its text is: to YAML 1.1, and so to PyYAML, 1e-3 is a text."""
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        text = value.strip()
        return int(text) if re.fullmatch(r"[-+]?\d{1,30}", text) else float(text)
    return [as_number(each) for each in value] if isinstance(value, list) else value


def _number(value: Any) -> Any:
    value = as_number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("is not a number")
    return value


def _whole(value: Any) -> int:
    number = _number(value)
    if isinstance(number, float) and not (math.isfinite(number) and number.is_integer()):
        raise ValueError("is not a whole number")
    if abs(number) > values.SEED:
        raise ValueError(f"is more than {values.SEED}" if number > 0 else "is below 0")
    return int(number)


def finite(value: Any) -> float:
    """Take a finite number, or the text of one."""
    number = _number(value)
    if not abs(number) <= sys.float_info.max:
        raise ValueError("is not a finite number")
    return float(number)


def positive(value: Any) -> float:
    """Take a finite number above 0."""
    if (number := finite(value)) <= 0:
        raise ValueError("must be above 0")
    return number


def only(meant: Any) -> BeforeValidator:
    """Return what takes one value, where any other would change nothing and be the same run once more."""

    def take(value: Any) -> Any:
        if value != meant:
            raise ValueError("means nothing here; leave it out")
        return value

    return BeforeValidator(take)


def _switch(value: Any) -> Any:
    words = {"true": True, "false": False}
    return words.get(value.strip().lower(), value) if isinstance(value, str) else value


def _listed(value: Any) -> Any:
    """Return a scalar as a list of one."""
    return list(value) if isinstance(value, list | tuple) else [value]


def _once(given: list[Any]) -> list[Any]:
    values.each_once([repr(each) for each in given])
    return given


def _text(value: Any) -> Any:
    """Return a name written as a number, 50 or 1.0, as the text that it is meant as."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _path(value: Any) -> Any:
    if isinstance(value, str) and re.search(r"[{}]", value):
        raise ValueError("has a brace, which is a wildcard to Snakemake; name a path without any")
    return value


Whole = Annotated[int, BeforeValidator(_whole)]
Number = Annotated[float, BeforeValidator(finite)]
Switch = Annotated[bool, Field(strict=True), BeforeValidator(_switch)]
Name = Annotated[
    str,
    BeforeValidator(_text),
    Field(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_-]*\z", max_length=64),
]
Text = Annotated[str, Field(min_length=1)]
Path = Annotated[str, Field(min_length=1), BeforeValidator(_path)]
Positive = Annotated[float, BeforeValidator(positive)]
Share = Annotated[Number, Field(gt=0, lt=1)]
Count = Annotated[Whole, Field(ge=1, le=values.MOST)]
Seed = Annotated[Whole, Field(ge=0, le=values.SEED)]
Side = Annotated[Whole, Field(ge=values.SIDE["least"], le=values.SIDE["most"])]

Item = TypeVar("Item")
# Lists in which a scalar stands for a list of one: no value twice, and one at least.
Distinct = Annotated[list[Item], BeforeValidator(_listed), AfterValidator(_once)]
Axis = Annotated[list[Item], BeforeValidator(_listed), Field(min_length=1)]


_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)


def read(cls: type[Typed], given: Any, place: Sequence[str | int] = ()) -> Typed:
    """Return settings as a person wrote them; UserError names the place, the fault and the cure."""
    try:
        found: Typed = _adapter(cls).validate_python(given)
        return found
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UserError(_complaint(cls, first, [*place, *_written(given, first["loc"])])) from None
    except RecursionError:
        raise UserError(f"{_place(place)}: nested without an end") from None


def _written(given: Any, path: Iterable[str | int]) -> Iterator[str | int]:
    """Yield the steps of a path that a person wrote: none into a scalar that stands for a list of one."""
    for step in path:
        if isinstance(step, str) or isinstance(given, list | tuple):
            yield step
        try:
            given = given[step]
        except (LookupError, TypeError):
            given = given if isinstance(step, int) else None


def _complaint(kind: Any, error: Mapping[str, Any], place: Sequence[str | int]) -> str:
    """Return one line for a complaint of pydantic's about a value at a place."""
    *path, last = error["loc"] or ("",)
    if error["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        fault = f"unknown{nearest(str(last), fields.names(fields.at(kind, path)))}"
        return f"{_place(place[:-1])}: {values.shown(str(last))} is {fault}"
    if error["type"] in ("missing", "missing_argument"):
        return f"{_place(place)}: missing; {_described(fields.at(kind, path), str(last))}"
    return f"{_place(place)}: {_fault(fields.at(kind, error['loc']), error)}"


def _place(steps: Iterable[str | int]) -> str:
    return "/".join(" ".join(str(step).split())[:40] for step in steps) or "top level"


def _fault(kind: Any, error: Mapping[str, Any]) -> str:
    """Return what is wrong with a value, and what would be right."""
    shown, context = values.shown(error["input"]), error.get("ctx", {})
    bounds = {
        "greater_than": "must be above {gt}",
        "greater_than_equal": "must be at least {ge}",
        "less_than": "must be below {lt}",
        "less_than_equal": "must be at most {le}",
        "string_pattern_mismatch": "is no name; one has letters, digits, _ and -, 64 at most",
        "string_too_long": "is no name; one has letters, digits, _ and -, 64 at most",
        "string_too_short": "is empty; name one",
        "string_type": "is no text",
        "bool_type": "is neither true nor false",
        "too_short": "is empty; name at least one",
    }
    if error["type"] == "literal_error":
        known = [str(word) for word in typing.get_args(fields.plain(kind))]
        return f"{shown} is unknown{nearest(str(error['input']), known)}"
    if error["type"] == "value_error":
        message = str(context["error"])
        return f"{shown} {message}" if message.startswith(("is ", "has ", "must ")) else message
    if error["type"] in bounds:
        return f"{shown} {bounds[error['type']].format(**context)}"
    if error["type"] in ("dataclass_type", "dict_type", "mapping_type"):
        known = fields.names(kind)
        return f"{shown} is no section{f'; its keys are {_list(known)}' if known else ''}"
    return f"{shown}: {error['msg'][0].lower()}{error['msg'][1:]}"


def nearest(word: str, known: Sequence[str]) -> str:
    """Return the end of a complaint about an unknown word: the nearest known one, else all."""
    if near := difflib.get_close_matches(word, known, n=1):
        return f"; did you mean {near[0]}?"
    return f"; known are {_list(known)}" if known else ""


def _list(words: Sequence[str]) -> str:
    return ", ".join(words[:12]) + (", ..." if len(words) > 12 else "")


def _described(kind: Any, name: str) -> str:
    known = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()
    found = [fields.description(field) for field in known if field.name == name]
    return found[0] if found and found[0] else "name it"
