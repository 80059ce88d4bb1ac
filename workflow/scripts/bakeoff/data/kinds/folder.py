"""A folder of images: one folder per class, or train, validation and test above these."""

import os
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from bakeoff import typed, values
from bakeoff.command import UserError
from bakeoff.data import located, own, pictures
from bakeoff.data.source import Item, Listed, part_called
from bakeoff.typed import Text, said

# What file systems and unpackers leave beside a person's own folders: copies, previews and trash.
SYSTEM = frozenset({"__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"})
HIDDEN, NOWHERE = "hidden files and folders", "links that lead nowhere"
NO_IMAGES, NO_FILES, OF_SYSTEM = "files that are no images", "things that are no files", "folders of a system"
OF_NO_CLASS = "folders that the row does not name"


@typed.settings
class Folder(own.Own):
    """A folder of images, one folder per class; or train, validation and test above the classes.

    validation may be called val, valid or dev as well, train training, test testing. Folders below a class
    are part of it.
    """

    kind: Literal["folder"] = said("folder")
    root: Text = said("The folder; `~` and `$NAME` are expanded.")
    classes: Annotated[typed.Distinct[Text], Field(min_length=2)] | None = said(
        "The folders that are classes, in the order of their numbers; others are passed over and counted. "
        "null: every folder is one, by name.",
        None,
    )

    def source(self) -> "FolderSource":
        """Return the folder, made ready."""
        return FolderSource(own.place(self.root), self)


@dataclass(frozen=True)
class _Branch:
    """A folder below the root: the paths of its own images, and its folders by name."""

    path: str
    images: list[str] = field(default_factory=list)
    folders: dict[str, "_Branch"] = field(default_factory=dict)

    def every(self) -> Iterator[str]:
        """Yield the paths of all images in it."""
        yield from self.images
        for each in self.folders.values():
            yield from each.every()


@dataclass(frozen=True)
class FolderSource(located.Files):
    """A row's folder, made ready."""

    row: Folder

    def list(self) -> Listed:
        """Return its images, sorted by path; UserError where it is no folder of classes."""
        left_out: Counter[str] = Counter()
        tree = _Walk(self.root, left_out).tree()
        if tree.images:
            raise UserError(
                f"{self.root}: {values.shown(tree.images[0])} lies in no class"
                f"{_more(len(tree.images), 'image')}; put each image into a folder of its class"
            )
        parts = _parts(tree, self.root, self.row.classes)
        found = {(part, name): branch for part, above in parts.items() for name, branch in above.items()}
        classes = _classes(found, self.row.classes, left_out, self.root)
        if self.row.classes is None:
            _check_levels(tree, None not in parts, self.root)
        numbers = {name: number for number, name in enumerate(classes)}
        items = [
            Item(path, numbers[name], part)
            for (part, name), branch in found.items()
            if name in numbers
            for path in branch.every()
        ]
        items.sort(key=lambda item: item.path)
        listed = Listed(
            own.grouped(items, self.row.group), classes, dict(left_out), f"folder {self.root.name}"
        )
        return own.checked(own.taken(listed, self.row), self.root)


def _more(count: int, noun: str) -> str:
    return f", and {values.plural(count - 1, noun)} more" if count > 1 else ""


class _Walk:
    """One pass over a folder; what is passed over is counted."""

    def __init__(self, root: Path, left_out: Counter[str]) -> None:
        located.folder(root)
        self._root, self._left_out, self._ends = root, left_out, pictures.extensions()
        self._real = os.path.realpath(root)

    def tree(self) -> _Branch:
        """Return all that lies there; UserError for a link that leaves it or loops."""
        return self._branch("", (self._real,))

    def _branch(self, path: str, above: tuple[str, ...]) -> _Branch:
        found = _Branch(path)
        try:
            with os.scandir(self._root / path) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            raise UserError(
                f"{self._root / path}: {error.strerror}; make it readable, or remove it"
            ) from error
        for entry in inside:
            shown = f"{path}/{entry.name}" if path else entry.name
            if entry.name.startswith("."):
                self._left_out[HIDDEN] += 1
            elif entry.name in SYSTEM:
                self._left_out[OF_SYSTEM] += 1
            elif entry.is_symlink():
                self._link(found, entry, shown, above)
            elif entry.is_dir():
                located.text(entry.name, shown)
                found.folders[entry.name] = self._branch(shown, (*above, f"{above[-1]}/{entry.name}"))
            else:
                self._file(found, entry, shown)
        return found

    def _link(self, found: _Branch, entry: "os.DirEntry[str]", shown: str, above: tuple[str, ...]) -> None:
        target = located.within(self._root / shown, self._real, str(self._root / shown))
        if target is None:
            self._left_out[NOWHERE] += 1
        elif target in above:
            raise UserError(f"{self._root / shown}: a link that leads round in a circle; remove it")
        elif os.path.isdir(target):
            located.text(entry.name, shown)
            found.folders[entry.name] = self._branch(shown, (*above, target))
        else:
            self._file(found, entry, shown)

    def _file(self, found: _Branch, entry: "os.DirEntry[str]", shown: str) -> None:
        if not entry.is_file():
            self._left_out[NO_FILES] += 1
        elif os.path.splitext(entry.name)[1].lower() not in self._ends:
            self._left_out[NO_IMAGES] += 1
        else:
            located.text(entry.name, shown)
            found.images.append(shown)


Above = Mapping[str | None, Mapping[str, _Branch]]


def _parts(tree: _Branch, root: Path, named: list[str] | None) -> Above:
    """Return the class folders by part, under None where there is no part; UserError for a mixture."""
    called = {name: part for name in tree.folders if (part := part_called(name))}
    # A class may be called train, too: its images lie in it, and other classes beside it.
    apart = [name for name in called if tree.folders[name].folders or len(called) == len(tree.folders)]
    if not apart or set(called) & set(named or ()):
        return {None: tree.folders}
    found: dict[str | None, Mapping[str, _Branch]] = {}
    for name, branch in tree.folders.items():
        if name not in called:
            raise UserError(
                f"{root}: {values.shown(name)} lies beside {min(apart)}; "
                "either every folder there is a part (train, validation, test), or every one a class"
            )
        if branch.images:
            raise UserError(
                f"{root}: {values.shown(branch.images[0])} lies in no class"
                f"{_more(len(branch.images), 'image')}; put each image of {name} into a folder of its class"
            )
        if called[name] in found:
            raise UserError(f"{root}: two folders are its {called[name]} part, {name} one of them; join them")
        found[called[name]] = branch.folders
    if "train" not in found:
        raise UserError(f"{root}: {', '.join(map(str, found))} without train; add it, or name the one folder")
    return found


def _classes(
    found: Mapping[tuple[str | None, str], _Branch],
    named: list[str] | None,
    left_out: Counter[str],
    root: Path,
) -> tuple[str, ...]:
    """Return the classes in order; UserError for one that is not there, and for two that look the same."""
    there = dict.fromkeys(sorted(name for _, name in found))
    alike = defaultdict(list)
    for name in there:
        alike[unicodedata.normalize("NFC", name)].append(name)
    if double := [name for name, spelled in alike.items() if len(spelled) > 1]:
        raise UserError(f"{root}: two folders look the same, {double[0]}, in other bytes; name both alike")
    if named is None:
        return tuple(there)
    if lacking := [name for name in named if name not in there]:
        raise UserError(
            f"{root}: no folder {values.shown(lacking[0])}{typed.nearest(lacking[0], list(there))}"
        )
    left_out.update({OF_NO_CLASS: count} if (count := len(there) - len(named)) else {})
    return tuple(named)


def _check_levels(tree: _Branch, parted: bool, root: Path) -> None:
    """Raise UserError where it cannot be told which level of folders names the classes."""
    if parted:
        return
    tops = list(tree.folders.values())
    if not tops or any(top.images for top in tops) or not all(top.folders for top in tops):
        return
    below = {frozenset(top.folders) for top in tops}
    example = sorted(next(iter(below)))
    if len(tops) == 1:
        raise UserError(f"{root}: holds one folder, {tops[0].path}, and no more; name {root / tops[0].path}")
    if all(part_called(name) for names in below for name in names):
        raise UserError(f"{root}: {example[0]} lies below the classes; put it above them, each class in it")
    if len(below) == 1:
        raise UserError(
            f"{root}: a folder of folders of folders, the same in each ({values.shown(', '.join(example))}); "
            f"name one that holds classes, such as {root / tops[0].path}, or say by `classes` what these are"
        )
