"""finetune(): from data to a folder that slimzoo.load opens, with everything in it that it promises."""

import csv
import json
import logging
import re

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import slimzoo
from slimzoo import converters
from slimzoo.data import Dataset, Example
from slimzoo.data.opening import open_data
from slimzoo.errors import SlimzooError
from slimzoo.report import read_report
from slimzoo.training.clock import Clock
from slimzoo.training.evaluation import evaluate
from slimzoo.training.state import newest
from tests.training.conftest import CLASSES, values


@pytest.fixture(scope="module")
def finished(run, tmp_path_factory):
    """A run whose learning rate is so high that it gets worse in between."""
    options = {"learning_rate": 0.3, "schedule": "constant"}
    out = tmp_path_factory.mktemp("runs") / "voc"
    more = {"tensorboard": True, "command": "slimzoo ...", "page": True}
    return run(out, model="tiny_bn", steps=10, options=options, **more)


def test_the_folder_holds_what_it_should(finished):
    names = {path.name for path in finished.folder.iterdir()}
    made = {"model.safetensors", "labels.txt", "history.csv", "config.json", "predictions.npz", "report.html"}
    assert names == made | {
        "report.json",
        "checkpoints",
        "tensorboard",
        "train.txt",
        "validation.txt",
        "images.json",
    }
    assert (finished.folder / "labels.txt").read_text().split() == list(CLASSES)
    assert json.loads((finished.folder / "config.json").read_text())["finished"]
    assert len(list((finished.folder / "checkpoints").iterdir())) == 2


def test_the_history_has_a_row_a_step_and_one_an_evaluation(finished):
    with open(finished.folder / "history.csv") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows if row["kind"] == "train"] == list(range(1, 11))
    assert [int(row["step"]) for row in rows if row["kind"] == "eval"] == [2, 4, 6, 8, 10]
    for row, remembered in zip(rows, finished.history, strict=True):
        for name, value in remembered.items():
            if name != "kind":
                assert float(row[name]) == pytest.approx(value, rel=1e-5)  # written with 6 digits
    assert float(rows[-1]["epoch"]) == 10 * 4 / 8


def test_the_report_says_what_the_run_was_like_and_how_far_its_figures_go(finished):
    report = read_report(finished.folder)
    facts, low, high = report.facts, *report.map_interval
    assert facts.image_size == 16 and facts.started_from == "nothing: from scratch"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", facts.date)
    assert facts.seconds > 0 and facts.images_per_second > 0 and facts.peak_memory > 10**8
    assert low <= report.map <= high and report.images == 8
    measured = {name for name, ap in report.ap.items() if ap.positives}
    assert set(report.curves) == measured and all(points[-1][0] == 1 for points in report.curves.values())
    wrong = [example for example in report.examples if example.group == "wrong"]
    assert all(example.score <= 0 and example.seen_class not in example.true_labels for example in wrong)
    assert wrong and any(example.seen for example in wrong)


def test_the_time_of_a_run_goes_on_where_it_was_and_is_unknown_where_it_was_not_counted(run, tmp_path):
    clock = Clock(100.0, 50.0, 400)
    clock.lap(8)
    assert (
        clock.seconds >= 100 and clock.images == 408 and Clock(**clock.to_dict()).to_dict() == clock.to_dict()
    )
    assert Clock(complete=False).images_per_second is None
    result = run(tmp_path / "run", page=True)
    path = newest(tmp_path / "run" / "checkpoints")
    progress = json.loads(converters.read(path).metadata["progress"])
    assert progress["clock"]["complete"] and progress["clock"]["images"] == 3 * 4  # all steps but the first
    assert read_report(result.folder).facts.seconds == round(progress["clock"]["seconds"], 1)


def test_tensorboard_reads_the_same_numbers(finished):
    events = EventAccumulator(str(finished.folder / "tensorboard"), size_guidance={"tensors": 0}).Reload()
    tags = set(events.Tags()["tensors"])
    assert {"train/loss", "train/regularization", "train/learning_rate", "eval/loss", "eval/map"} <= tags
    for tag in tags:
        kind, name = tag.split("/")
        found = [(event.step, float(tf.make_ndarray(event.tensor_proto))) for event in events.Tensors(tag)]
        wanted = [(row["step"], row[name]) for row in finished.history if row["kind"] == kind]
        np.testing.assert_allclose(found, wanted, rtol=1e-6)  # float32


def test_the_model_kept_is_the_best_and_not_the_last(finished):
    rows = [row for row in finished.history if row["kind"] == "eval"]
    maps = {row["step"]: row["map"] for row in rows}
    best = max(rows, key=lambda row: (row["map"], row["map_11point"], -row["loss"]))["step"]
    assert finished.best_step == best
    assert finished.evaluation.map == pytest.approx(maps[best])
    stored = converters.read(finished.folder / "model.safetensors")
    assert stored.metadata["trained_steps"] == str(best)
    for step in (8, 10):
        checkpoint = converters.read(finished.folder / "checkpoints" / f"step-{step:08d}.safetensors")
        same = all(np.array_equal(checkpoint[f"model/{name}"], stored[name]) for name in stored)
        assert same == (step == best)


def test_the_last_model_is_kept_when_the_held_out_images_must_not_choose(run, tmp_path):
    options = {"learning_rate": 0.3, "schedule": "constant"}
    result = run(tmp_path / "run", steps=4, eval_every=1, keep_best=False, options=options)
    assert result.best_step == 4
    assert converters.read(result.folder / "model.safetensors").metadata["trained_steps"] == "4"


def test_load_opens_it_with_labels_preprocessing_and_the_same_scores(finished, data):
    model = slimzoo.load(finished.folder)
    assert model.labels == CLASSES
    assert model.multi_label
    assert model.preprocessing == finished.model.preprocessing
    assert model.network.name == "tiny_bn"
    with np.load(finished.folder / "predictions.npz") as stored:
        assert tuple(stored["paths"]) == data[1].paths
        np.testing.assert_array_equal(stored["labels"], data[1].labels)
        found = evaluate(model, data[1]).scores
        np.testing.assert_allclose(found, stored["scores"], atol=1e-6)  # float32, other batches
        logits = model(model.preprocess(list(data[1].paths)))
        best = [row[0][1] for row in model.decode_predictions(logits)]
        assert best == [CLASSES[i] for i in stored["scores"].argmax(1)]


def test_load_with_other_classes_gives_a_new_head(finished, caplog):
    with caplog.at_level(logging.WARNING, "slimzoo"):
        model = slimzoo.load(finished.folder, num_classes=7)
    assert "Tiny/logits is new" in caplog.text
    assert model.labels is None
    old, new = values(finished.model), values(model)
    assert new["Tiny/logits/weights"].shape[-1] == 7
    np.testing.assert_array_equal(new["Tiny/conv2/weights"], old["Tiny/conv2/weights"])


def test_a_finished_run_is_refused_and_replaced_when_asked(finished, run, tmp_path):
    with pytest.raises(FileExistsError, match="finished run"):
        run(finished.folder)
    first = run(tmp_path / "run", steps=2)
    second = run(tmp_path / "run", steps=1, overwrite=True)
    assert len(second.history) == 2  # a step, an evaluation
    assert first.steps == 2
    assert [path.name for path in (tmp_path / "run" / "checkpoints").iterdir()] == [
        "step-00000001.safetensors"
    ]


def test_new_heads_begin_at_0_the_rest_is_restored_and_what_is_frozen_stays(finished, run, tmp_path):
    options = {"freeze": ("Tiny/conv1",), "new": ("Tiny/logits",)}
    weights = finished.folder / "model.safetensors"
    result = run(tmp_path / "run", model="tiny_bn", weights=weights, steps=2, options=options, page=True)
    before, after = converters.read(weights), values(result.model)
    for name, value in after.items():
        assert np.array_equal(value, before[name]) == name.startswith("Tiny/conv1/"), name
    first = next(row for row in result.history if row["kind"] == "train")
    assert first["loss"] == pytest.approx(np.log(2))  # of logits that are all 0
    layers = {
        row["scope"]: row["state"] for row in json.loads((tmp_path / "run/report.json").read_text())["layers"]
    }
    assert {scope.split("/")[1]: state for scope, state in layers.items()} == {
        "conv1": "frozen",
        "conv2": "restored",
        "logits": "new",
    }
    kept = converters.read(result.folder / "model.safetensors").metadata["restored_fraction"]
    assert 0 < float(kept) < 1


def test_a_folder_of_classes_is_trained_by_softmax_and_measured_by_accuracy(class_folder, run, tmp_path):
    train, validation = open_data("folder", class_folder, validation=0.25)
    result = run(tmp_path / "run", train, validation, steps=12, eval_every=6, options={"learning_rate": 0.05})
    assert result.history[0]["loss"] == pytest.approx(np.log(3), rel=0.3)  # nothing is known yet
    assert (
        result.evaluation.accuracy
        == [row for row in result.history if row["step"] == result.best_step][-1]["accuracy"]
    )
    model = slimzoo.load(result.folder)
    assert not model.multi_label
    np.testing.assert_allclose(evaluate(model, validation).scores.sum(1), 1, rtol=1e-5)  # float32


def test_equal_maps_are_told_apart_by_accuracy_then_by_loss(class_folder, run, tmp_path, monkeypatch):
    from slimzoo.training import evaluation

    made = iter([(0.5, 0.2), (0.75, 0.9), (0.75, 0.4), (0.75, 0.4)])  # accuracy, loss

    def figures(self):
        accuracy, loss = next(made)
        return evaluation.rank(1.0, accuracy, 1.0, loss)

    monkeypatch.setattr(evaluation.Evaluation, "rank", property(figures))
    result = run(tmp_path / "run", *open_data("folder", class_folder, validation=0.25), eval_every=1)
    assert result.best_step == 3


def test_held_out_images_without_a_class_are_said_in_the_log_the_report_and_the_json(
    class_folder, run, tmp_path, caplog
):
    train, validation = open_data("folder", class_folder, validation=0.25)
    validation = validation.subset(np.flatnonzero(validation.labels[:, 0] == 0))
    with caplog.at_level(logging.WARNING, "slimzoo"):
        result = run(tmp_path / "run", train, validation, steps=1, page=True)
    assert "no held-out image shows bus: nothing is measured of them" in caplog.text
    assert result.evaluation.to_dict()["unmeasured"] == ["bus"]
    for name in ("report.json", "report.html"):
        assert "No image that this is measured on shows bus" in (tmp_path / "run" / name).read_text()


def test_a_network_for_gray_images_takes_photographs(run, tmp_path):
    result = run(tmp_path / "run", model="lenet", steps=1, page=True)
    assert slimzoo.load(result.folder).preprocessing.channel_order == "GRAY"


def test_progress_goes_to_stderr(run, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("slimzoo.files.progress.QUICK", 0.0)  # two steps take less than is worth a line
    run(tmp_path / "run", steps=2, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "train: 100%" in err
    assert "mAP=" in err


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_runs_and_leaves_float32(run, tmp_path, precision):
    result = run(tmp_path / "run", model="tiny_bn", precision=precision, page=True)
    assert set(map(str, converters.read(result.folder / "model.safetensors").dtypes.values())) == {"float32"}
    model = slimzoo.load(result.folder)
    assert model.compute_dtype == "float32"
    loss = evaluate(model, result.evaluation.dataset).loss
    assert loss == pytest.approx(result.evaluation.loss, rel=0.05)  # bfloat16 has 2 to 3 digits


def test_a_run_that_diverges_says_so(run, tmp_path):
    with pytest.raises(SlimzooError, match=r"diverged.* [Ll]ower the\s+learning rate"):
        run(tmp_path / "run", steps=30, eval_every=30, options={"learning_rate": 1e6, "warmup": 0.0})
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_a_broken_image_met_in_training_is_named(run, data, tmp_path):
    broken = tmp_path / "broken.jpg"
    with open(data[0].paths[0], "rb") as file:
        broken.write_bytes(file.read()[:300])
    extra = Example(str(broken), data[0].labels[0], data[0].weights[0])
    train = Dataset((*data[0].examples, extra), CLASSES, "train", True)
    with pytest.raises(SlimzooError, match="1 of 9 images cannot be read") as caught:
        run(tmp_path / "run", train, steps=9)
    assert str(broken) in str(caught.value)


def test_everything_wrong_is_listed_before_anything_is_made(run, data, tmp_path):
    empty = Dataset((), ("a", "b"), "nothing", False)
    with pytest.raises(SlimzooError) as caught:
        run(tmp_path / "run", data[0], empty, precision="float8", steps=0, eval_every=-1, seed=-1)
    for words in (
        *(
            "nothing holds no image",
            "they must be the same",
            "several labels",
            "'float8'; allowed are float32",
        ),
        *("steps is 0", "eval_every is -1", "seed is -1"),
    ):
        assert words in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"model": "tinny"}, "no network is named 'tinny'. Nearest: tiny"),
        (
            {"options": {"freeze": ("conv1",)}},
            r'freeze=\["conv1"\] matches nothing; did you mean "Tiny/conv1"',
        ),
        ({"options": {"learning_rates": {"fc": 0.1}}}, r'learning_rates=\["fc"\] matches nothing'),
        ({"options": {"augmentation": "wild"}}, "augmentation 'wild' does not exist"),
        ({"device": "gpu:5"}, "no device 'gpu:5' here"),
        ({"weights": "missing.ckpt"}, "missing.ckpt"),
    ],
)
def test_a_wrong_argument_is_explained(run, tmp_path, arguments, words):
    with pytest.raises((ValueError, OSError), match=words):
        run(tmp_path / "run", **arguments)


def test_validation_may_be_a_part_a_list_or_a_folder(devkit, class_folder, tmp_path):
    train, held_out = open_data("voc", devkit, validation=0.25)
    assert (len(train), len(held_out)) == (12, 4)
    assert not set(train.paths) & set(held_out.paths)
    train, held_out = open_data("voc", devkit, split="train", validation="val")
    assert (train.name, held_out.name) == ("VOC2012 train", "VOC2012 val")
    (tmp_path / "dog").mkdir()
    (tmp_path / "dog" / "one.jpg").write_bytes(next(class_folder.glob("dog/*.jpg")).read_bytes())
    train, held_out = open_data("folder", class_folder, validation=str(tmp_path))
    assert train.classes == held_out.classes == ("bus", "chair", "dog")
    assert held_out.counts == {"bus": 0, "chair": 0, "dog": 1}


def test_images_that_are_trained_on_cannot_be_held_out(devkit, class_folder):
    with pytest.raises(
        SlimzooError, match=r"8 of the 8 images of VOC2012 val are trained on too.*than 'trainval'"
    ):
        open_data("voc", devkit, split="trainval", validation="val")
    with pytest.raises(SlimzooError, match="12 of the 12 images"):
        open_data("folder", class_folder, validation=str(class_folder))


def test_an_unknown_kind_of_data_is_refused(devkit):
    with pytest.raises(SlimzooError, match="kind of data is 'coco'; there are voc, folder"):
        open_data("coco", devkit)


def test_a_run_that_cannot_start_leaves_nothing(run, tmp_path):
    for options, words in (
        ({"freeze": ("Tiny",)}, "leaves nothing of tiny to train"),
        ({"freeze": ("conv9",)}, "conv9"),
        ({"learning_rates": {"conv9": 0.1}}, "conv9"),
    ):
        with pytest.raises(SlimzooError, match=words):
            run(tmp_path / "run", options=options)
        assert not (tmp_path / "run").exists()
