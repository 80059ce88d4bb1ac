from pathlib import Path

from bakeoff.records import layout


def test_a_cell_has_one_place_and_what_is_kept_of_it_lies_beside():
    record = layout.record("digits", "alone", "a_cpu")
    assert record == "results/digits/alone/a_cpu.json"
    assert layout.place("digits", "selection", "a_cpu") == "digits/a_cpu"
    assert layout.beside(record, "predictions") == Path("results/digits/alone/predictions/a_cpu.npz")
    assert layout.beside(Path("a.b.json"), "models") == Path("models/a.b.safetensors")
    assert layout.beside("x/a_cpu.json", "journal") == Path("x/journal/a_cpu")
