"""Commands from dataclasses: one field is one option, its metadata says what --help prints."""

import argparse
import dataclasses
import json
import os
import shlex
import shutil
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from bakeoff.surroundings import settle

Options = TypeVar("Options")
SET_ASIDE = "--set-aside"


class UserError(ValueError):
    """Something that the person at the keyboard can mend; shown as one line, without a traceback."""


class DamagedError(UserError):
    """Files that hold something else than was written to them; `faults` says of each path what."""

    def __init__(self, faults: Mapping[Path, str]) -> None:
        super().__init__("\n".join(f"{path}: {fault}" for path, fault in faults.items()))
        self.faults = dict(faults)


def option(help: str, **kwargs: Any) -> Any:
    """Declare one dataclass field as a command-line option; the rest goes to dataclasses.field."""
    return dataclasses.field(metadata={"help": help}, **kwargs)


def json_value(text: str) -> Any:
    """Parse an option that holds JSON."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"not JSON: {error}") from error


def parse(cls: type[Options], argv: Sequence[str] | None = None) -> Options:
    """Build the parser from the dataclass and read the command line.

    Path, int, float and str fields take one value, list fields one or more, bool fields are switches
    and dict or Any fields take JSON. A field without a default is required.
    """
    return cls(**vars(_parser(cls).parse_args(argv)))


def _parser(cls: type[Any]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=cls.__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        flag = f"--{field.name.replace('_', '-')}"
        kind = _plain(hints[field.name])
        has_default = field.default is not dataclasses.MISSING
        keywords: dict[str, Any] = {
            "help": field.metadata["help"],
            "required": not has_default,
            "default": field.default if has_default else argparse.SUPPRESS,
        }
        if kind is bool:
            keywords["action"] = argparse.BooleanOptionalAction
        elif typing.get_origin(kind) is list:
            keywords.update(nargs="+", type=typing.get_args(kind)[0])
        elif kind in (Path, int, float, str):
            keywords["type"] = kind
        else:
            keywords["type"] = json_value
        parser.add_argument(flag, **keywords)
    return parser


def _plain(kind: Any) -> Any:
    """Strip `| None` from a type."""
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        return next(member for member in typing.get_args(kind) if member is not type(None))
    return kind


def run(main: Callable[[Options], None], cls: type[Options]) -> None:
    """Run a command: options in, UserError to one line on stderr and exit status 1.

    With --set-aside a damaged file is renamed to NAME.damaged: the workflow's next call makes it again.
    """
    settle()
    parser = _parser(cls)
    parser.add_argument(SET_ASIDE, action="store_true", help="rename damaged inputs to NAME.damaged")
    given = vars(parser.parse_args())
    set_aside = given.pop("set_aside")
    try:
        main(cls(**given))
    except DamagedError as error:
        _exit(
            [
                _set_aside(*fault) if set_aside else ": ".join(map(str, fault))
                for fault in error.faults.items()
            ]
        )
    except UserError as error:
        _exit([str(error)])


def _set_aside(path: Path, fault: str) -> str:
    """Rename a damaged file, or folder, and return what happened in one line."""
    aside = Path(f"{path}.damaged")
    if aside.is_dir():
        shutil.rmtree(aside)
    # Another job may have found the same.
    if os.path.lexists(path):
        os.replace(path, aside)
    return f"{path}: {fault}; set aside as {aside.name}: call again, and it is made again"


def _exit(lines: Sequence[str]) -> None:
    sys.exit("\n".join(f"{Path(sys.argv[0]).name}: {line}" for line in lines))


def line() -> str:
    """Return the command line of this process, ready to paste into a shell."""
    return shlex.join(["python", *(word for word in sys.argv if word != SET_ASIDE)])
