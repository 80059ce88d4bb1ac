"""Files of every kind that a camera, a scanner or a program writes, as upright pictures of 8 bits."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile

from bakeoff.data import pictures
from bakeoff.data.source import Picture, Unreadable
from images import encoded, pixels, png, smooth

COLOUR = Image.fromarray(pixels())
GREY = Image.fromarray(pixels(channels=1))


def decoded(image: Image.Image, kind: str = "PNG", **options):
    return pictures.decode(encoded(image, kind, **options))


def wide_png(channels: int, kind: int, value: int, depth: int = 16) -> bytes:
    """Return a PNG of 4 x 4 pixels with 16 bits a channel, which Pillow does not write in colour."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, depth, kind, 0, 0, 0))
    rows = (b"\0" + struct.pack(f">{4 * channels}H", *[value] * 4 * channels)) * 4
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "PPM", "TIFF", "BMP", "WEBP", "GIF", "TGA", "JPEG2000"])
def test_a_grey_picture_of_any_format_without_loss_has_the_pixels_that_were_written(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    found = decoded(GREY, kind, **options)
    assert np.array_equal(np.asarray(found.image.convert("L")), np.asarray(GREY))
    assert found.image.mode in ("L", "RGB")
    assert pictures.is_grey(np.asarray(found.image))


@pytest.mark.parametrize("kind", ["PNG", "PPM", "TIFF", "BMP", "WEBP", "TGA", "JPEG2000"])
def test_a_colour_picture_of_any_format_without_loss_has_the_pixels_that_were_written(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    found = decoded(COLOUR, kind, **options)
    assert np.array_equal(np.asarray(found.image), np.asarray(COLOUR))
    assert found.notes == ()
    assert not pictures.is_grey(np.asarray(found.image))


def test_black_and_white_is_grey_without_a_note():
    found = decoded(GREY.convert("1"))
    assert (found.image.mode, found.notes) == ("L", ())
    assert set(np.unique(np.asarray(found.image))) == {0, 255}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("turned", range(1, 9))
def test_every_orientation_is_turned_upright_in_every_format_that_has_one(turned, kind):
    upright = Image.fromarray(np.repeat(np.repeat([[0, 80, 160], [240, 120, 40]], 16, 0), 16, 1).astype("u1"))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[turned]) if turned in undo else upright
    exif = Image.Exif()
    exif[pictures.ORIENTATION] = turned
    found = decoded(stored, kind, exif=exif)
    assert found.image.size == upright.size
    apart = np.asarray(found.image.convert("L")).astype(int) - np.asarray(upright)
    assert abs(apart).max() <= 12  # of JPEG and WebP
    assert found.notes == (("turned upright, as its EXIF says",) if turned > 1 else ())


def test_a_palette_becomes_its_colours_and_is_said():
    found = decoded(COLOUR.quantize(8))
    assert np.array_equal(np.asarray(found.image), np.asarray(COLOUR.quantize(8).convert("RGB")))
    assert found.notes == ("a palette",)


def half_clear(mode: str) -> Image.Image:
    alpha = Image.new("L", COLOUR.size, 0)
    alpha.paste(255, (0, 0, 2, 6))
    image = COLOUR.convert("L" if mode == "LA" else "RGB").convert(mode)
    image.putalpha(alpha)
    return image


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_is_white_and_said(mode):
    found = decoded(half_clear(mode))
    plain = COLOUR.convert("L" if mode == "LA" else "RGB")
    assert found.image.mode == plain.mode
    assert np.array_equal(np.asarray(found.image)[:, :2], np.asarray(plain)[:, :2])
    assert (np.asarray(found.image)[:, 2:] == 255).all()
    assert found.notes == ("transparent pixels, laid over white",)


def test_an_opaque_alpha_channel_changes_nothing_and_is_not_worth_a_word():
    found = decoded(COLOUR.convert("RGBA"))
    assert np.array_equal(np.asarray(found.image), np.asarray(COLOUR))
    assert found.notes == ()


def test_a_transparent_colour_of_a_palette_is_white_too():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 0])
    image.putpixel((1, 0), 1)
    found = decoded(image, transparency=0)
    assert np.asarray(found.image).tolist() == [[[255, 255, 255], [200, 100, 0]]]
    assert found.notes == ("a palette", "transparent pixels, laid over white")


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_is_brought_to_rgb_and_said(kind):
    red = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    found = decoded(red, kind)
    assert abs(np.asarray(found.image).astype(int) - (255, 0, 0)).max() <= 3
    assert found.notes == ("CMYK in place of RGB",)


def test_lab_is_brought_to_rgb_and_said():
    found = decoded(Image.new("LAB", (4, 4), (136, 208, 195)), "TIFF")
    red, green, blue = found.image.getpixel((0, 0))
    assert red > 200 > 60 > max(green, blue)
    assert found.notes == ("LAB in place of RGB",)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_16_bit_greys_keep_their_upper_8_bits_and_that_is_said(kind):
    values = np.array([[0, 255, 256], [32768, 65279, 65535]], np.uint16)
    found = decoded(Image.fromarray(values), kind)
    assert np.array_equal(np.asarray(found.image), values >> 8)
    assert found.notes == (pictures.WIDE,)


@pytest.mark.parametrize(("channels", "kind"), [(3, 2), (4, 6), (2, 4)])
def test_16_bit_colours_keep_their_upper_8_bits_and_that_is_said(channels, kind):
    found = pictures.decode(wide_png(channels, kind, 40000))
    assert found.notes[0] == pictures.WIDE
    if channels == 3:
        assert found.image.getpixel((0, 0)) == (40000 >> 8,) * 3


@pytest.mark.parametrize("mode", ["F", "I"])
def test_32_bits_a_pixel_are_not_guessed_at(mode):
    with pytest.raises(Unreadable, match="32 bits a pixel"):
        decoded(Image.new(mode, (4, 4)), "TIFF")


def test_of_several_frames_the_first_is_taken_and_that_is_said():
    frames = [Image.fromarray(pixels(seed)) for seed in range(3)]
    found = decoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    assert np.array_equal(np.asarray(found.image), np.asarray(frames[0]))
    assert found.notes == ("several frames, of which the first is taken",)


DAMAGE = {
    "truncated": (lambda content: content[: len(content) // 2], "truncated"),
    "no image": (lambda content: b"<html>not found</html>", "no image of a known format"),
    "one byte": (lambda content: b"\xff", "no image of a known format"),
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("lenient", [False, True])
def test_a_damaged_file_is_unreadable_with_a_reason_in_one_line(monkeypatch, kind, damage, lenient):
    # As WeasyPrint leaves it for the whole process.
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", lenient)
    change, said = DAMAGE[damage]
    with pytest.raises(Unreadable) as caught:
        pictures.decode(change(encoded(smooth(64, 64), kind)))
    assert "\n" not in str(caught.value)
    if kind in ("JPEG", "PNG"):
        assert said in str(caught.value)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is lenient


def test_a_file_that_unpacks_to_more_than_memory_holds_is_unreadable(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(Unreadable, match="more than 20 pixels"):
        pictures.decode(png())


def test_formats_that_other_programs_decode_are_no_images():
    assert not {".eps", ".ps", ".pdf", ".wmf", ".h5", ".mpg"} & pictures.extensions()
    assert {".jpg", ".jpeg", ".png", ".pgm", ".tif", ".tiff", ".webp", ".bmp"} <= pictures.extensions()
    with pytest.raises(Unreadable, match="no image of a known format"):
        pictures.decode(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")


# To a square


@pytest.mark.parametrize("turned", range(1, 9))
@pytest.mark.parametrize("resize", ["squash", "crop", "pad"])
@pytest.mark.parametrize("size", [(400, 300), (300, 413), (333, 333)])
def test_a_reduced_decode_is_within_one_and_a_half_grey_levels_of_the_full_one(resize, size, turned):
    exif = Image.Exif()
    exif[pictures.ORIENTATION] = turned
    content = encoded(smooth(*size), "JPEG", quality=90, exif=exif)
    whole, reduced = pictures.decode(content), pictures.decode(content, 24)
    assert sorted(whole.image.size) == sorted(size)
    assert reduced.image.size[0] < whole.image.size[0]
    assert min(reduced.image.size) >= 48
    assert whole.notes == reduced.notes
    squares = [pictures.square(each, 24, resize).astype(float) for each in (whole, reduced)]
    assert abs(squares[0] - squares[1]).mean() <= 1.5


def test_a_small_jpeg_is_decoded_whole():
    content = encoded(smooth(90, 80), "JPEG")
    assert pictures.decode(content, 64).image.size == (80, 90)


def test_squash_is_torchvisions_resize():
    from torchvision.transforms import Resize

    image = smooth(40, 30)
    assert np.array_equal(pictures.square(Picture(image), 16, "squash"), np.asarray(Resize((16, 16))(image)))


def test_crop_takes_the_middle_and_pad_puts_all_of_it_on_black():
    image = Image.fromarray(np.repeat([[10, 90, 90, 200]], 2, 0).astype(np.uint8))
    assert (pictures.square(Picture(image), 2, "crop") == 90).all()
    padded = pictures.square(Picture(image), 4, "pad")
    assert padded.shape == (4, 4)
    assert (padded[[0, 3]] == 0).all()
    assert padded[1].tolist() == [10, 90, 90, 200]


@pytest.mark.parametrize("resize", ["squash", "crop", "pad"])
def test_a_picture_of_one_pixel_s_width_becomes_a_square_too(resize):
    image = Image.new("RGB", (1, 500), "white")
    assert pictures.square(Picture(image), 8, resize).shape == (8, 8, 3)
