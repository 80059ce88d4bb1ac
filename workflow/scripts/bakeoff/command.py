"""Commands from dataclasses: a field is an option, its metadata says what --help prints and what it takes."""

import argparse
import dataclasses
import os
import shlex
import shutil
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from bakeoff import faults, values
from bakeoff.surroundings import settle

Options = TypeVar("Options")
SET_ASIDE = "--set-aside"
# Exit status of a call that its writer can mend; of all else that is no bug it is 1.
MISCALLED = 2


class UserError(ValueError):
    """Something that the person at the keyboard can mend; shown as one line, without a traceback."""


class UnfitError(UserError):
    """A row names what cannot do its work, or not on these data: a study goes on without it."""


class DamagedError(UserError):
    """Files that hold something else than was written to them; `faults` says of each path what."""

    def __init__(self, faults: Mapping[Path, str]) -> None:
        super().__init__("\n".join(f"{path}: {fault}" for path, fault in faults.items()))
        self.faults = dict(faults)

    def __reduce__(self) -> tuple[Any, ...]:
        # As it is said by another process: an exception is made again of its arguments.
        return type(self), (self.faults,)


def option(
    help: str,
    *,
    least: int | None = None,
    most: int = values.MOST,
    choices: Sequence[str] = (),
    once: bool = False,
    first: bool = False,
    check: Callable[[Any], Any] | None = None,
    **kwargs: Any,
) -> Any:
    """Declare one dataclass field as a command-line option; the rest goes to dataclasses.field.

    Numbers lie between `least` and `most`, words are among `choices`, of a list `once` allows no value twice;
    `first`: it stands first in the line, without a name in front, and is required. `check` raises ValueError,
    which says why, for a value (of a list: for each) that it does not take.
    """
    checks: list[Callable[[Any], Any]] = [check] if check else []
    if least is not None:
        checks.append(values.whole(least, most))
    if choices:
        checks.append(values.one_of(choices))
    about = {"help": help, "checks": checks, "choices": choices, "once": once, "first": first}
    return dataclasses.field(metadata=about, **kwargs)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a call in one line."""

    def error(self, message: str) -> NoReturn:
        faults.leave([message if ";" in message else f"{message}; --help says what it takes"], MISCALLED)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        faults.flush()  # of --help, which may have no reader left
        super().exit(status, message)


def parse(cls: type[Options], argv: Sequence[str] | None = None) -> Options:
    """Build the parser from the dataclass, read the command line and check it.

    Path, int, float and str fields take one value, list fields one or more or @FILE, which holds one a line,
    bool fields are switches and dict or Any fields take JSON. A field without a default is required.
    """
    return cls(**_read(_parser(cls), cls, argv))


def _read(parser: argparse.ArgumentParser, cls: type[Any], argv: Sequence[str] | None) -> dict[str, Any]:
    words = sys.argv[1:] if argv is None else argv
    if strange := [word for word in words if not values.is_text(word)]:
        how = sys.getfilesystemencoding()
        said = "is not UTF-8" if how == "utf-8" else f"cannot be read as {how}, which PYTHONUTF8=0 asks for"
        parser.error(f"{strange[0]!r} {said}; a record could not say it")
    given, hints = vars(parser.parse_args(words)), typing.get_type_hints(cls)
    for field in _fields(cls):
        value = given[field.name]
        if value is field.default:
            continue
        listed = _listed(hints[field.name])
        if listed:
            value = given[field.name] = [each for some in value for each in some]
        try:
            if field.metadata["once"]:
                values.each_once(value)
            for check in field.metadata["checks"]:
                for each in value if listed else [value]:
                    _check(check, each)
        except ValueError as error:
            parser.error(f"argument {_flag(field)}: {error}")
    return given


def _check(check: Callable[[Any], Any], value: Any) -> None:
    """Check a value; a complaint that does not name it begins with it."""
    try:
        check(value)
    except UserError:
        raise
    except ValueError as error:
        said = str(error)
        raise ValueError(said if isinstance(value, Path) else f"{values.shown(value)} {said}") from error


def _fields(cls: type[Any]) -> "tuple[dataclasses.Field[Any], ...]":
    return dataclasses.fields(cls)


def _flag(field: Any) -> str:
    return field.name.upper() if field.metadata["first"] else f"--{field.name.replace('_', '-')}"


def _listed(kind: Any) -> bool:
    return typing.get_origin(kind) is list


def _parser(cls: type[Any]) -> argparse.ArgumentParser:
    # --seed must not be taken for --seeds.
    parser = _Parser(
        description=cls.__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    hints = typing.get_type_hints(cls)
    for field in _fields(cls):
        kind = _plain(hints[field.name])
        if field.metadata["first"]:
            name = _flag(field)
            parser.add_argument(field.name, metavar=name, help=field.metadata["help"], type=_reader(kind))
            continue
        has_default = field.default is not dataclasses.MISSING
        keywords: dict[str, Any] = {
            "help": field.metadata["help"],
            "required": not has_default,
            "default": field.default if has_default else argparse.SUPPRESS,
        }
        if kind is bool:
            keywords["action"] = argparse.BooleanOptionalAction
        else:
            keywords["type"] = _reader(kind)
            if _listed(kind):
                keywords |= {
                    "nargs": "+",
                    "help": f"{keywords['help']}; @FILE names a file of them, one a line",
                }
            if choices := field.metadata["choices"]:
                keywords["metavar"] = f"{{{','.join(choices)}}}"
        parser.add_argument(_flag(field), **keywords)
    return parser


def _reader(kind: Any) -> Callable[[str], Any]:
    """Return what makes a word of the command line a value of a kind, or several of a list."""
    readers: dict[Any, Callable[[str], Any]] = {
        int: values.whole_text,
        float: float,
        Path: values.path,
        str: str,
        dict: values.object_from_json,
    }
    each = typing.get_args(kind)[0] if _listed(kind) else kind
    plain = readers.get(typing.get_origin(each) or each, values.from_json)
    reader = values.some(plain) if _listed(kind) else plain

    def read(text: str) -> Any:
        try:
            return reader(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return read


def _plain(kind: Any) -> Any:
    """Strip `| None` from a type."""
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        return next(member for member in typing.get_args(kind) if member is not type(None))
    return kind


def run(main: Callable[[Options], None], cls: type[Options]) -> None:
    """Run a command: options in; what a person can mend in its call is one line on stderr, exit status 2.

    So is a damaged file or a fault of the machine, with exit status 1; with --set-aside such a file is
    renamed to NAME.damaged: the workflow's next call makes it again. Other exceptions keep their traceback.
    """
    settle()
    parser = _parser(cls)
    parser.add_argument(SET_ASIDE, action="store_true", help="rename damaged inputs to NAME.damaged")
    set_aside = False
    try:
        given = _read(parser, cls, None)
        set_aside = given.pop("set_aside")
        main(cls(**given))
        faults.flush()
    except DamagedError as error:
        found = error.faults.items()
        faults.leave([_set_aside(*each) if set_aside else _damaged(*each) for each in found])
    except UserError as error:
        faults.leave([str(error)], MISCALLED)
    except (Exception, KeyboardInterrupt) as error:
        if not faults.told(error, {field.name for field in _fields(cls)}):
            raise


def _damaged(path: Path, fault: str) -> str:
    return f"{path}: {fault}; if it is the workflow's, `snakemake -f {shlex.quote(str(path))}` makes it again"


def _set_aside(path: Path, fault: str) -> str:
    """Rename a damaged file, or folder, and return what happened in one line."""
    aside = Path(f"{path}.damaged")
    try:
        if aside.is_dir():
            shutil.rmtree(aside)
        # Another job may have found the same.
        if os.path.lexists(path):
            os.replace(path, aside)
    except OSError as error:
        return f"{path}: {fault}; cannot be set aside: {error.strerror}"
    return f"{path}: {fault}; set aside as {aside.name}: call again, and it is made again"


def line() -> str:
    """Return the command line of this process, ready to paste into a shell."""
    return shlex.join(["python", *(word for word in sys.argv if word != SET_ASIDE)])
