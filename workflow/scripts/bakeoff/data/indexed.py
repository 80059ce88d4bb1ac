"""Images that a library or a file gives by their numbers, as arrays or as Pillow's, beside their labels.

Owns how such series become a source: what labels and pixels they may have. Must not know whose they are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from bakeoff import typed, values
from bakeoff.command import UserError
from bakeoff.data import own, pictures
from bakeoff.data.source import Item, Listed, Picture, Unreadable
from bakeoff.typed import Text, said

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

ONE_LABEL = "an image has one label here"


@typed.settings
class Numbered(own.Own):
    """A row whose images have numbers for paths."""

    classes: Annotated[typed.Distinct[Text], Field(min_length=2)] | None = said(
        "Names of the classes, in the order of their labels; null: the publisher's, or else the labels.",
        None,
    )


@typed.settings
class Arrays(Numbered):
    """A row whose images are arrays."""

    white: typed.Positive | None = said(
        "The value that is white, 0 being black; null: 255, of whole numbers of 8 bits. Others must say it.",
        None,
    )


@dataclass(frozen=True)
class Series:
    """Images of one part and their labels.

    name: what its images' paths begin with; labels: one number or text each; image: gives one by its number,
    an array (rows, columns) or (rows, columns, 1, 3 or 4), or Pillow's; groups: one name each.
    """

    name: str
    part: str | None
    labels: Sequence[Any]
    image: Callable[[int], Any]
    groups: Sequence[str] | None = None


@dataclass(frozen=True)
class Indexed:
    """Series of images, made ready.

    where: what a complaint begins with; names: the publisher's of the classes, by label from 0; white: the
    value that is white, None where pixels have 8 bits.
    """

    row: Numbered
    series: Sequence[Series]
    where: str
    source: str
    names: Sequence[str] | None = None
    white: float | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    # What gives an image by its number is no other process's.
    apart = False

    def stamp(self, item: Item) -> str | None:
        """Return nothing: of an array nothing but its content tells."""

    def list(self) -> Listed:
        """Return all images; UserError for labels that are none, or other classes than are named."""
        labels = [[_label(each, self.where) for each in series.labels] for series in self.series]
        found = own.classes_of(label for part in labels for label in part)
        numbers = {label: number for number, label in enumerate(found)}
        items = [
            Item(
                f"{series.name}/{number}",
                numbers[label],
                series.part,
                None if series.groups is None else series.groups[number],
            )
            for series, part in zip(self.series, labels, strict=True)
            for number, label in enumerate(part)
        ]
        listed = Listed(items, self._named(found), dict(self.left_out), self.source)
        return own.taken(own.checked(listed, self.where), self.row)

    def _named(self, found: tuple[str, ...]) -> tuple[str, ...]:
        if self.row.classes is None:
            known = self.names or ()
            numbers = [int(label) if label.isdecimal() else len(known) for label in found]
            return tuple(known[each] for each in numbers) if max(numbers, default=-1) < len(known) else found
        if found and len(self.row.classes) != len(found):
            raise UserError(
                f"{self.where}: {len(found)} labels ({values.shown(', '.join(found))}), "
                f"but {len(self.row.classes)} names; name as many in `classes`"
            )
        return tuple(self.row.classes)

    def image(self, item: Item, size: int | None = None, content: bytes | None = None) -> Picture:
        """Return an item's image, as bakeoff.data.source.Source says."""
        found = self._found(item)
        return pictures.eight_bits(found if _is_pillow(found) else of_array(found, self.white))

    def content(self, item: Item) -> bytes:
        """Return an image's form and its bytes."""
        found = self._found(item)
        form = (found.mode, found.size) if _is_pillow(found) else (str(found.dtype), found.shape)
        return f"{form}\n".encode() + bytes(found.tobytes())

    def _found(self, item: Item) -> Any:
        name, _, number = item.path.rpartition("/")
        (series,) = (each for each in self.series if each.name == name)
        try:
            return series.image(int(number))
        except (UserError, Unreadable, MemoryError):
            raise
        except Exception as error:  # of a library that decodes a file of its own
            said = " ".join(str(error).split())[:200]
            raise Unreadable(said or type(error).__name__) from error


def _is_pillow(found: Any) -> bool:
    from PIL import Image

    return isinstance(found, Image.Image)


def _label(given: Any, where: str) -> str:
    """Return what a label says as a text: of a whole number its digits; UserError where it is none."""
    import numpy as np

    value = np.asarray(given)
    if value.size != 1:
        raise UserError(f"{where}: a label is of {value.size} values, but {ONE_LABEL}")
    one = value.reshape(()).item()
    if isinstance(one, float) and one.is_integer():
        one = int(one)
    if isinstance(one, str) and one.strip():
        return one.strip()
    if isinstance(one, int) and one < 0:
        raise UserError(f"{where}: a label is {one}, as of images without one; leave these out")
    if isinstance(one, int):
        return str(int(one))
    raise UserError(f"{where}: a label is {one!r:.40}; labels are whole numbers or names")


def check_ungrouped(row: Numbered, where: str) -> None:
    """Raise UserError where a row asks for groups of images that nothing says anything more of."""
    if row.group is not None:
        raise UserError(f"{where}: group: nothing there says which images belong together; leave it out")


def check_form(name: str, shape: tuple[int, ...], kind: str, white: float | None, where: str) -> None:
    """Raise UserError where an array is none of images (n, rows, columns, ...) whose range is known."""
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (1, 3, 4)):
        first = " (colours come last: move the axis)" if len(shape) == 4 and shape[1] in (1, 3) else ""
        raise UserError(
            f"{where}: {name} is {shape}, not (n, rows, columns) or (n, rows, columns, 1, 3 or 4){first}; "
            "save it in this form"
        )
    if kind not in ("uint8", "bool") and white is None:
        raise UserError(f"{where}: {name} is {kind}; say by `white` which value is white, such as 1 or 65535")


def of_array(found: "np.ndarray", white: float | None) -> "Image.Image":
    """Return an array as Pillow's image of 8 bits a channel; Unreadable for values beyond black or white."""
    import numpy as np
    from PIL import Image

    plain = found[..., 0] if found.ndim == 3 and found.shape[2] == 1 else found
    if plain.dtype == np.bool_ and white is None:
        plain = plain.astype(np.uint8) * 255
    if white is not None:
        if not (plain.min(initial=0) >= 0 and plain.max(initial=0) <= white):  # nor NaN
            raise Unreadable(f"its values are not within 0 and {white:g}")
        plain = np.round(plain * (255 / white)).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(plain))


def check_labels(name: str, shape: tuple[int, ...], images: int, where: str) -> None:
    """Raise UserError where an array has not one label for each image."""
    if len(shape) == 2 and shape[1] > 1:
        raise UserError(f"{where}: {name} is {shape}: {shape[1]} labels an image, but {ONE_LABEL}")
    if len(shape) not in (1, 2) or shape[0] != images:
        raise UserError(f"{where}: {name} is {shape}, of {images} images; one label belongs to each")
