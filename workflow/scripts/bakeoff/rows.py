"""Rows of the catalog: what every kind has in common, and how one is named in a command, a record and a key.

Owns the form of a row. Must not know any kind of row, nor any row.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import AfterValidator

from bakeoff import fields, files, plugins, typed, values
from bakeoff.command import UserError
from bakeoff.plugins import ImportPath
from bakeoff.typed import said

# Beside the package's commands, in a checkout and where a hosted one is copied to.
SHIPPED = Path(__file__).parents[3] / "config" / "catalog.yaml"
# What a row says for people alone: with another of these it is the same run.
FOR_PEOPLE = frozenset({"label"})
# Nor, of a network, by themselves: where its weights come from, and for which images.
BY_THEMSELVES = frozenset({"download", "input_size"})
# Beside what a row says, its content has digests: of its own code, of each file that it names.
CODE, OF_FILE = "code", "_sha256"


def _keywords(given: Any) -> Any:
    """Take keywords for a call: JSON's values, texts that are numbers as these."""
    if not isinstance(given, Mapping):
        raise ValueError("is no section of keywords")
    for name, value in given.items():
        if not (isinstance(name, str) and name.isidentifier()):
            raise ValueError(f"{name!r:.40} is no keyword")
        try:
            same = json.loads(json.dumps(value, allow_nan=False)) == value
        except (TypeError, ValueError, RecursionError):
            same = False
        if not same:
            raise ValueError(f"{name} is none of JSON's values")
    return {name: typed.as_number(value) for name, value in given.items()}


Keywords = Annotated[Any, AfterValidator(_keywords)]


@typed.settings
class Built:
    """Something that is called with keywords: a class or a function by its import path."""

    build: ImportPath = said("What is called: package.module:name, installed or in the working directory.")
    settings: Keywords = said("Keywords of the call.", {})
    label: typed.Text | None = said("What people call it; its row's name where it has none.", None)
    aside: ClassVar[frozenset[str]] = FOR_PEOPLE

    def own_files(self) -> dict[str, Path]:
        """Return the files of a person's own that the row rests on, there or not, by the field of each."""
        return {}

    def files(self) -> dict[str, Path]:
        """Return all files that the row rests on, those of installed packages too."""
        return self.own_files()

    def lacks(self) -> str | None:
        """Return what is to be done where the row's module is neither installed nor here, else None."""
        fault = plugins.missing(self.build)
        return fault and f"{self.build}: {fault}"

    def axes(self) -> dict[str, list[Any]]:
        """Return the values of each setting that has several; a list in a list is a value itself."""
        return {name: value for name, value in self.settings.items() if _several(value)}

    def keywords(self, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keywords of one call: of an axis the chosen value."""
        found = {}
        for name, value in self.settings.items():
            alone = value[0] if isinstance(value, list) and value else value
            one = chosen[name] if _several(value) else alone
            found[name] = tuple(one) if isinstance(one, list) else one
        return found


def _several(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 1


def content(row: Any) -> dict[str, Any]:
    """Return all that a row says but defaults, with digests of its own code and files: what makes two equal.

    What makes no other run is left out. A row inside the row is its own content.
    """
    defaults = {field.name: fields.default(field) for field in dataclasses.fields(row)}
    whole = {name: _plain(value, content) for name, value in vars(row).items() if name not in _aside(row)}
    said = {name: value for name, value in whole.items() if value != defaults[name]}
    paths = (value for value in said.values() if isinstance(value, str) and plugins.PATH.fullmatch(value))
    codes = list(filter(None, map(plugins.digest, paths)))
    named = row.files() if isinstance(row, Built) else {}
    digests = {f"{name}{OF_FILE}": found for name, path in named.items() if (found := files.seen(path))}
    return {**said, **({CODE: codes[0]} if codes else {}), **digests}


def _plain(value: Any, of_row: Callable[[Any], Any]) -> Any:
    """Return a row's value as JSON has it; of_row: what stands for a row inside the row."""
    if dataclasses.is_dataclass(value):
        return of_row(value)
    return [_plain(each, of_row) for each in value] if isinstance(value, list | tuple) else value


def _aside(row: Any) -> frozenset[str]:
    """Return the fields of a row that make no other run."""
    return row.aside if isinstance(row, Built) else FOR_PEOPLE


def _said_aside(row: Any) -> dict[str, Any]:
    return {name: value for name in sorted(_aside(row)) if (value := getattr(row, name, None))}


def whole(row: Any) -> dict[str, Any]:
    """Return all that a row says but defaults, with what makes no other run, rows inside it likewise."""
    inner = {name: whole(each) for name, each in vars(row).items() if dataclasses.is_dataclass(each)}
    return {**content(row), **_said_aside(row), **inner}


class Named(NamedTuple):
    """A row and its name."""

    name: str
    row: Any

    @property
    def label(self) -> str:
        """Return what people call it."""
        return getattr(self.row, "label", None) or self.name

    def __str__(self) -> str:
        """Return the row as JSON with its name, as an option takes it; a shipped one is known by its name."""
        said = whole(self.row)
        known = any(rows.get(self.name) == said for rows in shipped().values())
        left_out = _said_aside(self.row) if known else {}
        return json.dumps(
            {"name": self.name, **{name: each for name, each in said.items() if name not in left_out}}
        )


def without_digests(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row's content as a person wrote it: the digests are of what was there then."""
    return {name: value for name, value in said.items() if name != CODE and not name.endswith(OF_FILE)}


@cache
def shipped() -> dict[str, dict[str, Any]]:
    """Return the rows that come with the workflow, by kind and name."""
    import yaml

    with files.reading(SHIPPED):
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        found: dict[str, dict[str, Any]] = yaml.load(SHIPPED.read_bytes(), loader)["catalog"]
        return found


def shipped_as(kind: str, said: Mapping[str, Any]) -> str | None:
    """Return by what name a row of this content is shipped, whatever it was called; None for others."""
    bare = {
        name: {field: value for field, value in row.items() if field not in FOR_PEOPLE}
        for name, row in shipped()[kind].items()
    }
    # Of the file of a shipped row's weights, which a package brings, the row says no digest.
    said = {field: value for field, value in said.items() if not field.endswith(OF_FILE)}
    for name, row in bare.items():
        heard = {field: value for field, value in row.items() if field in said or field not in BY_THEMSELVES}
        if heard == said:
            return name
    return None


@dataclass(frozen=True)
class Kind:
    """A kind of row: its key in the catalog, the type of a row as a person wrote it, its heading."""

    name: str
    type_of: Callable[[Any], type[Any]]
    title: str

    def read(self, name: str, given: Any) -> Any:
        """Return a row as a person wrote it; UserError names the place and the fault."""
        place = (self.name, name)
        try:
            found = self.type_of(given)
        except UserError as error:
            raise UserError(f"{'/'.join(place)}/{error}") from error
        return typed.read(found, given, place)

    def named(self, text: str) -> Named:
        """Return the row that an option says: a shipped row's name, or a row as JSON with its name in it.

        UserError where it is neither.
        """
        if not text.lstrip().startswith("{"):
            known = shipped()[self.name]
            if text not in known:
                near = typed.nearest(text, list(known))
                raise UserError(f"{text} is no row of the catalog's {self.name}{near}")
            return Named(text, self.read(text, known[text]))
        given = values.object_from_json(text)
        name = typed.read(typed.Name, given.pop("name", None), ("name",))
        return self.said(name, given)

    def said(self, name: str, content: Mapping[str, Any] | None, label: str | None = None) -> Named:
        """Return the row that a record says; earlier versions' say nothing: their names are shipped rows.

        label: what the record says people call it.
        """
        if content is None:
            return self.named(name)
        given = without_digests(content)
        if label not in (None, name):
            given["label"] = label
        row = self.read(name, given)
        unsaid = FOR_PEOPLE.isdisjoint(given)
        return self.named(name) if unsaid and self._is_shipped(name, row) else Named(name, row)

    def _is_shipped(self, name: str, row: Any) -> bool:
        """Return whether a row of this name is shipped that is the same run."""
        return name in shipped()[self.name] and content(row) == content(self.named(name).row)
