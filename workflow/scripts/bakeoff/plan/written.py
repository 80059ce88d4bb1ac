"""Configurations as people write them: YAML files, laid one over another."""

import copy
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from bakeoff import files
from bakeoff.command import UserError
from bakeoff.plan.checks import ConfigError
from bakeoff.rows import SHIPPED
from bakeoff.values import LEVELS

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# With what its anchors stand for written out; a configuration of ten thousand settings has fewer.
MOST_VALUES = 1_000_000


def gather(paths: Iterable[str], merged: bool) -> dict[str, Any]:
    """Return what files come to, laid over the shipped one; merged: what stdin says in their place."""
    config = overlay(read_file(SHIPPED.with_name("config.yaml")), laid(paths))
    return read(sys.stdin.buffer.read(), "the configuration") if merged else config


def laid(paths: Iterable[str]) -> dict[str, Any]:
    """Return what files come to, laid one over another."""
    config: dict[str, Any] = {}
    for path in paths:
        config = overlay(config, read_file(Path(path)))
    return config


def read_file(path: Path) -> dict[str, Any]:
    """Return what a configuration file says; UserError, in one line, where that is none."""
    with files.reading(path):
        content = path.read_bytes()
    return read(content, str(path))


def read(content: bytes, name: str) -> dict[str, Any]:
    """Return what a YAML document says; UserError names it and where it is no configuration."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(f"{name}: line {line} is not UTF-8; save the file as UTF-8") from error
    try:
        node = yaml.compose(text, LOADER)
        _check_size(node, name)
        if twice := next(_repeated(node, set()), None):
            raise ConfigError(f"{twice}: stands twice in {name}; name each key once")
        found = yaml.load(text, LOADER)
    except yaml.YAMLError as error:
        raise UserError(f"{name}: no YAML: {_reason(error)}") from error
    except (ValueError, RecursionError) as error:
        said = " ".join(str(error).split())[:100] if isinstance(error, ValueError) else "nested too deep"
        raise UserError(f"{name}: no YAML: {said}") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise UserError(f"{name}: no configuration, which is a mapping of keys such as `datasets: [digits]`")
    return found


def _reason(error: yaml.YAMLError) -> str:
    said = " ".join(str(getattr(error, "problem", None) or error).split())[:100]
    mark = getattr(error, "problem_mark", None)
    return f"{said}, in line {mark.line + 1}" if mark else said


def _check_size(node: yaml.Node | None, name: str) -> None:
    """Raise UserError where anchors make a document endless, or too large to be written out."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node, level: int, above: tuple[int, ...]) -> int:
        if id(node) in above or level > LEVELS:
            raise UserError(f"{name}: nested without an end, or deeper than {LEVELS} levels")
        if id(node) not in sizes:
            inner = [size(each, level + 1, (*above, id(node))) for each in _inner(node)]
            sizes[id(node)] = 1 + sum(inner)
        if sizes[id(node)] > MOST_VALUES:
            raise UserError(f"{name}: more than {MOST_VALUES} values, with what its anchors stand for")
        return sizes[id(node)]

    if node is not None:
        size(node, 0, ())


def _inner(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for pair in node.value:
            yield from pair
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _repeated(node: yaml.Node | None, seen: set[int]) -> Iterator[str]:
    """Yield the keys that a mapping names twice: of such a one YAML takes the last, silently."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        yield from (name for name in dict.fromkeys(names) if name != "<<" and names.count(name) > 1)
    for inner in _inner(node):
        yield from _repeated(inner, seen)


def overlay(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with another laid over it, section by section, as Snakemake does it."""
    merged = dict(copy.deepcopy(base))
    for key, value in own.items():
        below = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(below, Mapping)
        merged[key] = overlay(below, value) if both and isinstance(below, Mapping) else value
    return merged
