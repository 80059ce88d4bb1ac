"""What a step makes smaller: labels smoothed, classes weighted; what is reported is plain cross-entropy."""

import json
from collections import Counter

import pytest

import arrays
import fits
from bakeoff.analysis import wording
from bakeoff.command import UserError
from bakeoff.data import store
from bakeoff.families.network import axes, losses, speed
from bakeoff.records import written
from trainings import family, killed_and_resumed, runs, same

torch = pytest.importorskip("torch")
from torch.nn.functional import cross_entropy  # noqa: E402

pytestmark = [
    pytest.mark.numeric,
    pytest.mark.usefixtures("short_and_steady", "small_networks"),
]

CPU = torch.device("cpu")
LABELS = torch.tensor([0, 0, 0, 0, 0, 1, 1, 2])
LOGITS = torch.linspace(-2, 2, 24).view(8, 3).cos()


def loss(smoothing=0.0, weights="none", classes=3, labels=LABELS):
    return losses.of(smoothing, weights, labels, classes, CPU)


def test_nothing_said_is_cross_entropy_to_the_bit():
    assert torch.equal(loss()(LOGITS, LABELS), cross_entropy(LOGITS, LABELS))


def test_smoothed_labels_are_torchs():
    found = loss(0.1)(LOGITS, LABELS)
    assert torch.equal(found, cross_entropy(LOGITS, LABELS, label_smoothing=0.1))


def test_balanced_classes_weigh_as_scikit_learn_has_it():
    from sklearn.utils.class_weight import compute_class_weight

    expected = compute_class_weight("balanced", classes=LABELS.unique().numpy(), y=LABELS.numpy())
    assert loss(weights="balanced").weights.tolist() == pytest.approx(expected)
    weights = torch.tensor(expected, dtype=torch.float32)
    assert torch.equal(
        loss(0.2, "balanced")(LOGITS, LABELS), cross_entropy(LOGITS, LABELS, weights, label_smoothing=0.2)
    )


def test_a_class_without_images_has_no_say_and_breaks_nothing():
    found = loss(weights="balanced", classes=4).weights
    assert found.tolist() == pytest.approx([8 / 15, 8 / 6, 8 / 3, 0])


def test_a_list_is_what_each_class_counts():
    found = loss(weights=(1.0, 2.0, 5.0))(LOGITS, LABELS)
    assert torch.equal(found, cross_entropy(LOGITS, LABELS, torch.tensor([1.0, 2.0, 5.0])))


@pytest.mark.parametrize(
    ("dtype", "expected"), [("bfloat16", "float32"), ("float32", "float32"), ("float64", "float64")]
)
def test_weights_fit_what_a_step_computes_in(dtype, expected):
    logits = LOGITS.to(getattr(torch, dtype))
    assert str(loss(weights="balanced")(logits, LABELS).dtype) == f"torch.{expected}"


def lopsided(folder):
    """Return data of which half of the images are of one class."""
    path = arrays.save(folder / "lopsided.npz", seen=[0, 0, 1, 2], noise=200)
    return store.load(path, "resized")


@pytest.mark.parametrize("block", [{"label_smoothing": 0.2}, {"class_weights": "balanced"}])
def test_another_loss_is_another_training_and_the_same_each_time(tmp_path, block):
    data = lopsided(tmp_path)
    (one,), (again,), (plain,) = (runs(data, each) for each in (block, block, {}))
    assert same(one, again)
    assert one.history[0].train_loss != plain.history[0].train_loss
    assert one.details["fast_paths"] == plain.details["fast_paths"]


def test_balanced_is_of_the_images_that_are_trained_on(tmp_path, monkeypatch):
    data, seen = lopsided(tmp_path), []
    of = losses.of
    monkeypatch.setattr(losses, "of", lambda *what: seen.append(of(*what)) or seen[-1])
    runs(data, {"class_weights": ["balanced", "none"], "epochs": 1})
    counts = Counter(data.parts["train"].labels.tolist())
    expected = [48 / (3 * counts[number]) for number in range(3)]
    assert seen[0].weights.tolist() == pytest.approx(expected)
    assert seen[1].weights is None


def test_validation_is_plain_cross_entropy_whatever_the_training_s_loss_is(dataset):
    """With a learning rate of next to nothing weights stay where they were drawn."""
    still = {"learning_rate": 1e-30, "epochs": 1}
    smooth, plain = runs(dataset, {**still, "label_smoothing": [0.5, 0]}, optimizer="sgd")
    assert smooth.history[0].validation_loss == plain.history[0].validation_loss
    assert smooth.history[0].train_loss != plain.history[0].train_loss


def test_a_list_of_weights_goes_from_a_command_to_the_record_and_back(dataset, tmp_path):
    grid = [{"class_weights": [[1, 2, 3.5], "balanced"], "epochs": 1}]
    cell = family(dataset, *grid)
    assert [each["class_weights"] for each in cell.settings] == [(1, 2, 3.5), "balanced"]
    found, expected = killed_and_resumed(dataset, tmp_path, 2, *grid)
    assert found == expected
    record = written.read(tmp_path / "killed" / "tiny" / "resnet18_adam_cpu.json")
    (first, _) = record.runs
    assert first.settings["class_weights"] == (1, 2, 3.5)
    assert "class weights [1, 2, 3.5]" in wording.settings(wording.as_run(first))


def test_a_timed_training_takes_a_list_as_one_value(dataset, tmp_path):
    settings = {"class_weights": [1, 2, 3], "batch_size": 16, "epochs": 1}
    axes.check_one(settings)
    place = tmp_path / "speed" / "resnet18_sgd_cpu.json"
    speed.compare_devices(dataset, *fits.rows("resnet18", "sgd"), settings, 1, [("cpu", place)], 1)
    assert json.loads(place.read_text())["runs"][0]["settings"]["class_weights"] == [1, 2, 3]


def test_weights_for_another_number_of_classes_are_one_line(dataset):
    with pytest.raises(UserError, match="class_weights: 2 for 3 classes; name one for each"):
        family(dataset, {"class_weights": [[1, 2]]})


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"label_smoothing": 1}, "label_smoothing: 1 must be below 1"),
        (
            {"class_weights": "balance"},
            "class_weights: balance is unknown; take none or balanced, or [[1, 2, 5]]",
        ),
        (
            {"class_weights": [1, 2, 5]},
            "class_weights/0: 1 is unknown; take none or balanced, or [[1, 2, 5]]",
        ),
        ({"class_weights": [[1, 0]]}, "class_weights/0: [1, 0] must be above 0"),
        ({"class_weights": [["a", "b"]]}, 'class_weights/0: ["a", "b"] is not a number'),
    ],
)
def test_what_is_no_loss_is_one_line(block, said):
    with pytest.raises(UserError) as caught:
        axes.check([block])
    assert str(caught.value).startswith(f"argument --grid: block/1/{said}")
