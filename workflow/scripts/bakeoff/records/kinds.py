"""How a part of a record is declared, and the kinds of values that parts are made of."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar, dataclass_transform

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from bakeoff.typed import said

# No measurement is longer, or more: beyond these a number is a fault.
LONGEST_S, MOST, MOST_WORK = 1e10, 2**53, 1e30

Name = Annotated[str, Field(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_-]*\z", max_length=64)]
Device = Literal["cpu", "gpu"]
Count = Annotated[int, Field(ge=0, le=MOST)]
AtLeastOne = Annotated[int, Field(ge=1, le=MOST)]
Work = Annotated[int, Field(ge=0, le=int(MOST_WORK))]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=LONGEST_S)]
Time = Annotated[float, Field(ge=1e-9, le=LONGEST_S)]
Positive = Annotated[float, Field(ge=0)]
Texts = Mapping[str, str]
Made = TypeVar("Made")


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(said,))
def form(cls: type[Made]) -> type[Made]:
    """Make a class a frozen dataclass that takes its fields by name, each of its very type, and no others."""
    config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, ser_json_inf_nan="constants")
    return dataclass(frozen=True, kw_only=True, config=config)(cls)  # type: ignore[return-value]
