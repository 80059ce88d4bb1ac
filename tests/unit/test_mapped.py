"""Arrays of our files, mapped from their pages: the same values, shared by processes, checked like others."""

import numpy as np
import pytest

from bakeoff import archive
from bakeoff.command import DamagedError

GREY = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)


class Halves:
    """An array in two pieces."""

    shape, dtype = GREY.shape, GREY.dtype

    def blocks(self):
        yield GREY[:2]
        yield GREY[2:]


@pytest.fixture
def file(tmp_path):
    with archive.saving(tmp_path / "a.npz") as file:
        file.add("whole", GREY)
        file.add("halves", Halves())
        file.add("none", GREY[:0])
        file.add("text", np.array("å"))
    return tmp_path / "a.npz"


@pytest.mark.parametrize("name", ["whole", "halves", "none"])
def test_a_mapped_array_is_what_was_written_in_one_piece_or_in_several(file, name):
    with archive.opened(file, "ours") as arrays:
        mapped, read = arrays.mapped(name, "u", 3), arrays.read(name, "u", 3)
    assert np.array_equal(mapped, GREY[:0] if name == "none" else GREY)
    assert np.array_equal(mapped, read)


def test_numpy_reads_what_is_written(file):
    with np.load(file) as found:
        assert str(found["text"]) == "å"
        assert np.array_equal(found["halves"], GREY)


def test_the_same_arrays_are_the_same_bytes(file, tmp_path):
    for name in "bc":
        with archive.saving(tmp_path / name) as other:
            other.add("whole", GREY)
    assert (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes()


def test_numpy_s_own_files_are_mapped_in_either_order_of_axes(tmp_path):
    np.savez(tmp_path / "a.npz", plain=GREY, turned=np.asfortranarray(GREY))
    with archive.opened(tmp_path / "a.npz", "ours") as arrays:
        for name in ("plain", "turned"):
            assert np.array_equal(arrays.mapped(name, "u", 3), GREY)


def test_what_is_written_to_a_mapped_array_stays_in_its_process(file):
    before = file.read_bytes()
    with archive.opened(file, "ours") as arrays:
        mapped = arrays.mapped("whole", "u", 3)
    mapped[:] = 7
    assert file.read_bytes() == before
    with archive.opened(file, "ours") as arrays:
        assert np.array_equal(arrays.mapped("whole", "u", 3), GREY)


def test_a_mapped_array_outlives_a_file_that_is_made_anew(file):
    with archive.opened(file, "ours") as arrays:
        mapped = arrays.mapped("whole", "u", 3)
    with archive.saving(file) as other:
        other.add("whole", GREY + 1)
    assert np.array_equal(mapped, GREY)


def test_a_bit_that_turned_is_found(tmp_path):
    # More than zipfile reads, and checks, with the array's head.
    many = np.zeros((1000, 1000), np.uint8)
    with archive.saving(tmp_path / "a.npz") as file:
        file.add("whole", many)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[700_000] ^= 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(DamagedError, match="whole is not what was written"):
        read(tmp_path / "a.npz", "whole", 2)


def read(path, name, rank):
    with archive.opened(path, "ours") as arrays:
        return arrays.mapped(name, "u", rank)


@pytest.mark.parametrize(("name", "rank"), [("text", 0), ("whole", 2), ("absent", 3)])
def test_another_type_rank_or_name_is_none_of_ours(file, name, rank):
    with pytest.raises(DamagedError, match=f"not ours: .*{name}"):
        read(file, name, rank)
