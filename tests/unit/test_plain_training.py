"""A training of which nothing is said but what always was: the steps, keys and facts of earlier versions."""

import pytest

import fits
from bakeoff.cells.family import requests
from bakeoff.families.network import axes, batches, loop
from bakeoff.families.network.state import build_state
from bakeoff.records.request import Request
from trainings import family

torch = pytest.importorskip("torch")
from torch.nn.functional import cross_entropy  # noqa: E402

pytestmark = [
    pytest.mark.numeric,
    pytest.mark.usefixtures("short_and_steady", "small_networks"),
]

CPU = torch.device("cpu")
# Of three steps each: enough for the averages of batch normalisation.
EPOCHS = 10
SAID = {"batch_size": 16, "learning_rate": 0.01, "epochs": 2, "precision": "fp32", "engine": "resident"}
# Each of the others at its default, as a person may write it.
DEFAULTS = {
    "schedule": "constant",
    "warmup": 0,
    "label_smoothing": 0,
    "class_weights": "none",
    "augmentation": "none",
    "clip": 0,
    "ema": 0,
    "early_stop": 0,
}


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("block", [{}, DEFAULTS])
def test_its_weights_are_those_of_the_plain_steps_to_the_bit(dataset, optimizer, block):
    cell = family(dataset, block, optimizer=optimizer)
    training, (part, _) = cell._training((Request(cell.settings[0], 0),)), cell._fold(None)
    state = build_state(training, part.pixels, part.size, CPU)
    losses = []
    for epoch in (1, 2):
        state.model.train()
        rows, total = batches.order(len(part), 0, epoch), torch.zeros(())
        for start, end in batches.batch_bounds(len(part), 16):
            some = rows[start:end]
            state.model.zero_grad(set_to_none=True)
            loss = cross_entropy(state.model(part.pixels.normalise(part.images[some])), part.labels[some])
            loss.backward()
            state.optimizer.step()
            total += loss.detach() * len(some)
        losses.append(total.item() / len(part))
    *_, (last,) = loop.train([training], part, CPU, loop.stopwatch(CPU))
    expected, found = state.weights(), last.state.weights()
    assert all(torch.equal(found[name], weight) for name, weight in expected.items())
    assert [each.run.history[-1].train_loss for each in fits.fit_all(cell)] == losses[1:]


def test_every_later_setting_has_its_default_here():
    assert set(DEFAULTS) == set(axes.DEFAULTS) - axes.ALWAYS


@pytest.mark.parametrize("block", [{}, DEFAULTS])
def test_its_key_and_its_facts_are_those_of_earlier_versions(dataset, block):
    cell = family(dataset, {**block, "epochs": EPOCHS})
    (asked,) = requests(cell)
    assert asked.key == (
        '{"batch_size": 16, "engine": "resident", "epochs": 10, "learning_rate": 0.01, "pin_memory": null, '
        '"precision": "fp32"}0'
    )
    (fitted,) = fits.fit_all(cell)
    assert fitted.run.settings == {**SAID, "epochs": EPOCHS, "pin_memory": None}
    assert sorted(fitted.run.details) == [
        "autocast",
        "execution",
        "fast_paths",
        "images_per_s",
        "steps_per_epoch",
    ]
    assert sorted(fitted.run.details["fast_paths"]) == ["graph", "grey_stem", "live_taps", "products"]
