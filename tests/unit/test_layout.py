from pathlib import Path

from bakeoff.records import layout


def test_a_cell_has_one_place_and_what_is_kept_of_it_lies_beside():
    record = layout.record("digits", "alone", "a_cpu")
    assert record == "results/digits/alone/a_cpu.json"
    assert layout.place("digits", "selection", "a_cpu") == "digits/a_cpu"
    assert layout.beside(record, "predictions") == Path("results/digits/alone/predictions/a_cpu.npz")
    assert layout.beside(Path("a.b.json"), "models") == Path("models/a.b.safetensors")
    assert layout.beside("x/a_cpu.json", "journal") == Path("x/journal/a_cpu")


def test_patterns_are_these_places_with_names_to_be_filled_in():
    for purpose in layout.FOLDERS:
        found = layout.patterns(purpose)
        record = layout.record("digits", purpose, "a_cpu")
        filled = {kind: each.format(dataset="digits", cell="a_cpu") for kind, each in found.items()}
        assert filled.pop("record") == record
        assert filled == {kind: str(layout.beside(record, kind)) for kind in layout.BESIDE}
