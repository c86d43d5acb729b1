"""finetune() on masks: what a run leaves, what is new in the network, what is refused before it starts."""

import csv
import json
import logging

import numpy as np
import pytest

import slimzoo
from slimzoo import converters
from slimzoo.errors import SlimzooError
from slimzoo.report import MaskReport, redraw_report
from slimzoo.report.write import read_any_report
from slimzoo.training.masks.evaluation import evaluate_masks
from slimzoo.training.masks.scores import mean_iou

OPTIONS = {"batch_size": 4, "learning_rate": 0.05, "random_scale": (0.75, 1.25)}


@pytest.fixture(scope="module")
def start(run, masks):
    """Calls finetune() on masks, for a tiny network and few steps."""

    def begin(out, **arguments):
        given = {"model": "tiny_masks", "options": {**OPTIONS, **arguments.pop("options", {})}, **arguments}
        return run(out, *masks, **given)

    return begin


@pytest.fixture(scope="module")
def finished(start, tmp_path_factory):
    more = {"command": "slimzoo ...", "page": True}
    return start(tmp_path_factory.mktemp("runs") / "masks", steps=40, eval_every=20, **more)


def test_a_run_learns_and_keeps_the_model_that_is_best_by_miou(finished, masks):
    rows = [row for row in finished.history if row["kind"] == "eval"]
    assert finished.best_step == max(rows, key=lambda row: row["miou"])["step"]
    assert finished.evaluation.miou == pytest.approx(max(row["miou"] for row in rows))
    losses = [row["loss"] for row in finished.history if row["kind"] == "train"]
    assert np.mean(losses[-5:]) < 0.6 * losses[0]
    model = slimzoo.load(finished.folder)
    assert model.labels == masks[0].classes and not model.multi_label
    assert evaluate_masks(model, masks[1]).miou == pytest.approx(finished.evaluation.miou)
    assert finished.evaluation.miou > 0.3  # of background alone it would be 0.27


def test_the_folder_says_all_figures(finished):
    with open(finished.folder / "history.csv") as file:
        assert {"miou", "pixel_accuracy", "boundary_f"} <= set(next(csv.reader(file)))
    with np.load(finished.folder / "predictions.npz") as stored:
        assert float(mean_iou(stored["counts"].sum(0))) == pytest.approx(finished.evaluation.miou)
        assert stored["confusion"].sum() == finished.evaluation.counts.confusion.sum()
    assert len(json.loads((finished.folder / "images.json").read_text())["train"]) == 24  # images and masks


def test_the_report_shows_masks_beside_truth_and_can_be_drawn_again(finished):
    report = read_any_report(finished.folder)
    assert isinstance(report, MaskReport)
    assert report.miou == finished.evaluation.miou and report.images == 4
    assert [example.group for example in report.examples] == ["best"] * 2 + ["worst"] * 2
    assert report.examples[0].iou >= report.examples[-1].iou
    page = finished.report.read_text()
    assert page.count("data:image/jpeg") == 4 * 3
    assert redraw_report(finished.folder).read_text() == page


def test_heads_are_new_and_the_rest_is_restored_also_of_another_count_of_classes(finished, start, tmp_path):
    weights = finished.folder / "model.safetensors"
    options = {"freeze": ("Tiny/conv1", "Tiny/conv2")}
    result = start(tmp_path / "run", weights=weights, steps=1, options=options, page=True)
    before, after = converters.read(weights), result.model.variables_by_name
    for name, variable in after.items():
        assert np.array_equal(variable.numpy(), before[name]) == ("logits" not in name), name
    layers = {layer.scope: layer.state for layer in read_any_report(tmp_path / "run").layers}
    assert layers["Tiny/logits"] == "new" and layers["Tiny/conv1"] == "frozen"


def test_balanced_classes_and_hard_pixels_at_a_stride_are_other_losses(start, tmp_path):
    plain, other = (
        start(tmp_path / name, steps=1, options=options).history[0]["loss"]
        for name, options in (("plain", {}), ("hard", {"hard_pixels": 0.2}))
    )
    assert other > 1.2 * plain
    assert start(tmp_path / "balanced", steps=1, options={"class_weights": "balanced", "loss_stride": 2})


def test_images_as_they_are_are_measured_in_squares(start, tmp_path):
    result = start(tmp_path / "full", steps=2, options={"resolution": "full"}, page=True)
    assert result.evaluation.views.tile == 8
    assert "gone over in squares" in result.report.read_text()
    assert np.isnan(result.evaluation.loss) and "loss" not in result.history[-1]


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_runs_and_leaves_float32(start, tmp_path, precision):
    result = start(tmp_path / "run", precision=precision, steps=2)
    assert set(map(str, converters.read(result.folder / "model.safetensors").dtypes.values())) == {"float32"}


def test_weights_of_a_size_that_does_not_fit_give_the_next_and_a_given_size_is_refused(
    start, tmp_path, caplog, finished
):
    path = slimzoo.save(finished.model, tmp_path / "w.safetensors")
    source = converters.read(path)
    about = dict(source.metadata)
    about["preprocessing"] = about["preprocessing"].replace('"size": 17', '"size": 16')
    converters.write_safetensors(tmp_path / "even.safetensors", dict(source.items()), about)
    with caplog.at_level(logging.WARNING, "slimzoo"):
        result = start(tmp_path / "run", steps=1, weights=tmp_path / "even.safetensors")
    assert "images of 16 pixels, the weights' own, do not fit tiny_masks: 17" in caplog.text
    assert result.model.preprocessing.size == 17


def test_everything_that_means_nothing_for_masks_is_refused_at_once(start, tmp_path, finished):
    with pytest.raises(SlimzooError) as caught:
        options = {"mixup": 0.2, "crop_area": (0.5, 1.0), "method": "probe-then-full"}
        start(tmp_path / "run", weights=finished.folder, size=20, options=options)
    for words in (
        "mixup=0.2 is for networks of the task classification; this is segmentation",
        "crop_area=",
        "of masks a network learns by steps",
        "size is 20, which does not fit tiny_masks",
    ):
        assert words in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_what_is_of_masks_means_nothing_for_images(run, tmp_path):
    with pytest.raises(SlimzooError, match=r"hard_pixels=0.5 is for networks of the task segmentation"):
        run(tmp_path / "run", options={"hard_pixels": 0.5})


def test_a_network_and_data_of_other_tasks_are_refused(run, masks, data, tmp_path):
    with pytest.raises(SlimzooError, match="tiny tells images apart, not pixels"):
        run(tmp_path / "run", *masks, model="tiny")
    with pytest.raises(SlimzooError, match="tiny_masks tells pixels apart, not images"):
        run(tmp_path / "run", *data, model="tiny_masks")
