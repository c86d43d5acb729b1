"""Each command does what its function does, and says it in a table or as JSON."""

import importlib
import math
import re
import shutil
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.data import folder
from slimzoo.loading.load import load
from slimzoo.loading.predict import predict
from slimzoo.tracing.parts import network_shapes
from slimzoo.training import evaluate
from tests.cli.support import left_in, values, write


def test_list_shows_what_matches_the_pattern(slimzoo):
    found = slimzoo("list", "mobilenet_v1*", "--json").json
    assert [row["name"] for row in found] == [f"mobilenet_v1{m}" for m in ("", "_025", "_050", "_075")]
    assert found[0]["image_size"] == 224
    assert found[0]["weights"][0] == "slim_in1k_224"


finetune_command = importlib.import_module("slimzoo.cli.finetune")  # the name is the command's
VGG_16 = ["slim_in1k", "keras_in1k", "keras_in1k_notop", "timm_tv_in1k"]


def test_list_shows_size_work_accuracy_and_weights(slimzoo):
    (row,) = slimzoo("list", "vgg_16", "--json").json
    assert row["parameters"] == 138_357_544  # Simonyan & Zisserman's "138 million", table 2
    assert (row["multiply_adds"], row["top1"], row["weights"]) == (15_470_264_320, 71.5, VGG_16)
    text = slimzoo("list", "vgg_16").out
    for words in ("138,357,544", "15.5 G", "224 px", "1,000", "71.5 %", "slim_in1k and 3 more"):
        assert words in text
    assert slimzoo("list", "lenet").out.split()[-2:] == ["-", "-"]  # no accuracy, no weights


def test_info_counts_the_variables_parameters_and_multiply_adds(slimzoo):
    found = slimzoo("info", "mobilenet_v1", "--json").json
    assert len(found["variables"]) == 137
    assert found["multiply_adds"] == pytest.approx(569e6, rel=0.001)  # the paper's 569 million, rounded
    text = slimzoo("info", "mobilenet_v1").out
    assert "MobilenetV1/Conv2d_13_pointwise" in text
    assert f"{found['parameters']:,} parameters" in text


def test_info_of_certain_weights_shows_where_they_are_from(slimzoo):
    found = slimzoo("info", "mobilenet_v1.slim_in1k_224", "--json").json
    (row,) = found["weights"]
    assert row["sha256"].startswith("2fadeabb")
    text = slimzoo("info", "mobilenet_v1/slim_in1k_224").out
    for word in (row["sha256"], row["sources"][0], "Apache-2.0", "70.9", "inception", "label offset 1"):
        assert word in text


def test_inspect_tells_the_format_the_tensors_and_the_network(slimzoo, checkpoint):
    found = slimzoo("inspect", checkpoint.parent, "--json").json
    assert found["format"] == "tf_checkpoint"
    assert found["total"] == len(found["tensors"]) == 10
    best = found["candidates"][0]
    assert (best["network"], best["num_classes"], best["exact"]) == ("cifarnet", 10, True)
    text = slimzoo("inspect", checkpoint.parent, "--filter", "*/conv1").out
    assert "5 x 5 x 3 x 64" in text
    assert "logits" not in text
    assert "looks like cifarnet with 10 classes: all 10 variables fit" in text


def test_inspect_knows_a_network_under_another_scope_and_counts_what_is_not_finite(slimzoo, tmp_path):
    arrays = {name.replace("CifarNet", "mine"): value for name, value in values().items()}
    arrays["mine/conv1/biases"][:3] = np.nan, np.inf, -np.inf
    path = write(tmp_path / "mine.safetensors", arrays)
    found = slimzoo("inspect", path, "--json").json
    assert found["nonfinite"] == {"mine/conv1/biases": 3}
    assert found["candidates"][0]["rename"] == ["mine", "CifarNet"]
    text = slimzoo("inspect", path).out
    assert "3 NaN or infinite" in text
    assert "after renaming mine to CifarNet" in text
    assert slimzoo("inspect", path, "--no-values", "--json").json["tensors"][0]["nonfinite"] is None


@pytest.mark.parametrize("library, name", [("keras", "m.weights.h5"), ("transformers", "m.safetensors")])
def test_inspect_knows_a_network_by_the_names_of_another_library(slimzoo, tmp_path, library, name):
    shapes = network_shapes("mobilenet_v1_025", 7)
    arrays = {variable: np.zeros(shape, np.float32) for variable, shape in shapes.items()}
    ours = write(tmp_path / "ours.safetensors", arrays)
    converters.convert(ours, tmp_path / name, network="mobilenet_v1_025", to=library)
    best = slimzoo("inspect", tmp_path / name, "--json").json["candidates"][0]
    assert (best["network"], best["num_classes"], best["library"]) == ("mobilenet_v1_025", 7, library)
    text = slimzoo("inspect", tmp_path / name).out
    assert f"looks like mobilenet_v1_025 with 7 classes, by the names of {library}: all {len(shapes)}" in text


def test_inspect_says_when_it_is_like_no_network(slimzoo, tmp_path):
    path = write(
        tmp_path / "other.safetensors", {"a": np.zeros(3, np.float32), "b/c": np.zeros(2, np.float32)}
    )
    assert "like no registered network" in slimzoo("inspect", path).out


def test_inspect_says_that_the_names_of_a_folded_graph_tell_no_network(slimzoo, shared):
    path = shared / "checkpoints" / "real" / "mobilenet_v1_0.25_128_quant.tflite"
    assert "which network it is of no name tells" in slimzoo("inspect", path).out


def test_convert_writes_the_same_values_and_reports_them(slimzoo, checkpoint, tmp_path):
    found = slimzoo("convert", checkpoint, tmp_path / "c.safetensors", "--network", "cifarnet", "--json").json
    assert (found["tensors"], found["metadata"]["network"]) == (10, "cifarnet")
    assert converters.compare(converters.read(checkpoint), converters.read(tmp_path / "c.safetensors"))
    text = slimzoo("convert", tmp_path / "c.safetensors", tmp_path / "c.npz", "--no-progress")
    assert "10 tensors" in text.out
    assert text.err == ""
    assert left_in(tmp_path) == ["c.npz", "c.safetensors"]


def test_convert_takes_the_averages_when_asked(slimzoo, tmp_path):
    arrays = {"w": np.zeros(3, np.float32), "w/ExponentialMovingAverage": np.ones(3, np.float32)}
    path = write(tmp_path / "both.npz.safetensors", arrays)
    slimzoo("convert", path, tmp_path / "ema.npz", "--ema")
    assert dict(converters.read(tmp_path / "ema.npz"))["w"].tolist() == [1, 1, 1]


def test_predict_gives_what_the_function_gives(slimzoo, cifarnet, image):
    expected = predict(load(cifarnet), [str(image)], top=3)
    found = slimzoo("predict", "--model", cifarnet, image, "--top", "3", "--json").json
    assert found[0]["image"] == str(image)
    got = [(row["class"], row["name"], row["probability"]) for row in found[0]["predictions"]]
    assert [row[:2] for row in got] == [row[:2] for row in expected[0]]
    assert [row[2] for row in got] == pytest.approx([row[2] for row in expected[0]])
    assert f"%  {got[0][1]}" in slimzoo("predict", "--model", cifarnet, image, image).out


def test_predict_takes_weights_and_labels_beside_a_network_s_name(slimzoo, checkpoint, image, tmp_path):
    (tmp_path / "labels.txt").write_text("".join(f"name {i}\n" for i in range(10)))
    given = ("--model", "cifarnet", "--weights", checkpoint, "--labels", tmp_path / "labels.txt")
    (best,) = slimzoo("predict", *given, image, "--top", "1", "--json").json[0]["predictions"]
    assert best["name"] == f"name {best['class']}"


def test_finetune_folder_leaves_a_model_that_evaluate_measures_the_same(slimzoo, classes, tmp_path):
    given = ("--model", "cifarnet", "--weights", "none", "--steps", 2, "--batch-size", 4, "--no-tensorboard")
    other = (
        "--no-deterministic",  # op determinism would outlast the test
        "--freeze",
        "CifarNet/conv1",
        "--no-augmentation",
        "--validation",
        "0.5",
        "--learning-rate",
        0.001,
    )
    found = slimzoo("finetune", "folder", "--train", classes, *given, *other, "--out", "run", "--json").json
    assert (found["steps"], found["images"], set(found["ap"])) == (2, 6, {"cat", "dog"})
    assert {"model.safetensors", "report.html", "labels.txt", "history.csv"} <= set(left_in(tmp_path / "run"))
    assert "--freeze CifarNet/conv1" in (tmp_path / "run" / "report.json").read_text()

    measured = slimzoo("evaluate", "folder", "--data", classes, "--model", "run", "--json").json
    direct = evaluate(load(tmp_path / "run"), folder.read(classes)).to_dict()
    assert measured["ap"] == pytest.approx(direct["ap"])
    assert measured["accuracy"] == pytest.approx(direct["accuracy"])
    text = slimzoo("evaluate", "folder", "--data", classes, "--model", "run", "--no-progress")
    assert f"accuracy {direct['accuracy']:.4f}" in text.out
    assert f"mAP {direct['map']:.4f}" in text.out
    assert text.err == "6 of these 12 images are among those that run was trained on\n"

    (tmp_path / "run" / "report.html").unlink()
    assert slimzoo("report", "run").out == "run/report.html\n"
    assert (tmp_path / "run" / "report.html").is_file()
    shutil.copytree("run", "other")
    assert slimzoo("report", "run", "other").out == "comparison.html\n"
    assert slimzoo("report", "run", "other", "--out", "c.html", "--overwrite").out == "c.html\n"
    assert (tmp_path / "c.html").read_bytes() == (tmp_path / "comparison.html").read_bytes()


def test_finetune_voc_names_its_folder_after_data_and_model(slimzoo, devkit, tmp_path):
    given = (
        "--model",
        "cifarnet",
        "--weights",
        "none",
        "--steps",
        1,
        "--split",
        "train",
        "--validation",
        "val",
        "--no-deterministic",  # op determinism would outlast the test
    )
    result = slimzoo(
        "finetune", "voc", "--data", devkit, *given, "--learning-rates", "*/conv1=0.1", "--no-tensorboard"
    )
    assert result.code == 0, result.err
    assert (tmp_path / "runs" / "VOCdevkit-cifarnet" / "model.safetensors").is_file()
    assert "report: runs/VOCdevkit-cifarnet/report.html" in result.out
    found = slimzoo("evaluate", "voc", "--data", devkit, "--model", "runs/VOCdevkit-cifarnet", "--json").json
    assert found["images"] == 4
    assert found["accuracy"] is None  # an image may show several things
    assert found["ap"]["sheep"] is None  # there is none on these images
    assert not math.isnan(found["map"])


def test_demo_prints_both_figures_and_where_the_report_is(slimzoo, monkeypatch):
    made = {
        "map_restored": 0.5,
        "map_from_scratch": 0.25,
        "report": "d/report.html",
        "data": "d",
        "seconds": 1.0,
    }
    asked = {}
    module = ModuleType("slimzoo.demo.run")
    module.run = lambda out, **rest: asked.update(out=out, **rest) or SimpleNamespace(to_dict=lambda: made)
    monkeypatch.setitem(sys.modules, "slimzoo.demo.run", module)
    assert slimzoo("demo", "--out", "d", "--json").json == made
    assert asked == {"out": "d", "progress": True, "overwrite": False}
    text = slimzoo("demo").out
    assert "mAP from restored weights: 0.500" in text
    assert "mAP from scratch:          0.250" in text
    assert "report: d/report.html" in text


def test_what_a_file_is_called_inside_does_not_reach_the_terminal(slimzoo, tmp_path):
    evil = "a\x1b[31m\x1b]0;title\x07\x9b2J\u202e\r\nb"
    path = tmp_path / "evil.safetensors"
    converters.write_safetensors(path, {evil: np.zeros(1, np.float32)}, {evil: evil, "license": evil})
    for arguments in (["inspect", path], ["inspect", path, "--json"], ["inspect", path, "--filter", "a*"]):
        assert slimzoo(*arguments).out.replace("\n", "").isprintable()


def test_a_dry_run_shows_what_would_be_done_and_does_nothing(slimzoo, refused, classes, tmp_path):
    before = left_in(tmp_path)
    given = ("finetune", "folder", "--train", classes, "--weights", "none", "--dry-run", "--epochs", "3")
    text = slimzoo(*given, "--model", "vgg_16", "--freeze", "vgg_16/conv1").out
    for words in ("learning rate 0.001", "0.1 times that for */conv*", "frozen: vgg_16/conv1", "12 images"):
        assert words in text.replace("10 images; held out: 2", "12 images")
    assert "folder: runs/classes-vgg_16" in text
    found = slimzoo(*given, "--model", "cifarnet", "--batch-size", "5", "--json").json
    assert (found["steps"], found["folder"]) == (6, "runs/classes-cifarnet")  # 3 times 10 images
    refused(*given, "--model", "cifarnet", "--learning-rate", "-1", words=["--learning-rate", "above 0"])
    on = ("--mixup", "0.2", "--crop-area", "0.3", "1", "--sync-batch-norm", "--batch-norm", "reestimated")
    text = slimzoo(*given, "--model", "cifarnet", *on).out
    for words in ("mixup, Beta(0.2, 0.2)", "crops of 0.3 to 1 of", "over all devices", "norm: reestimated"):
        assert words in text
    assert slimzoo(*given, "--model", "cifarnet", *on, "--json").json["crop_area"] == [0.3, 1.0]
    refused(
        "finetune", "folder", "--train", classes, "--model", "lenet", "--dry-run", words=["--weights none"]
    )
    probe = (
        "finetune",
        "folder",
        "--train",
        classes,
        "--model",
        "cifarnet",
        "--dry-run",
        "--recipe",
        "probe",
    )
    refused(*probe, "--mixup", "0.2", words=["--mixup 0.2 means nothing with --recipe 'probe'"])
    assert left_in(tmp_path) == before


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("flowers/train", "flowers"),
        ("VOCdevkit", "VOCdevkit"),
        ("a b/coco.json", "coco"),
        ("yolo/images/", "yolo"),
    ],
)
def test_a_run_s_folder_bears_the_data_s_name(tmp_path, monkeypatch, given, name):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / given
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}") if path.suffix else path.mkdir()
    assert finetune_command._called(given) == name


def test_info_shows_the_recipe(slimzoo):
    assert slimzoo("info", "vgg_16", "--json").json["recipe"]["learning_rates"] == {"*/conv*": 0.1}
    assert "0.1 times that for */conv*" in slimzoo("info", "vgg_16").out


def test_list_and_compare_choose_and_sort(slimzoo, refused):
    names = [row["name"] for row in slimzoo("list", "vgg", "lenet", "--sort", "top-1", "--json").json]
    assert names == ["vgg_16", "vgg_19", "lenet", "vgg_a"]  # 71.5 %, 71.1 %, none, none
    given = ("--with-weights", "--exclude", "vgg_19", "--json")
    assert [row["name"] for row in slimzoo("list", "vgg", "lenet", *given).json] == ["vgg_16"]
    rows = slimzoo("compare", "vgg", "--sort", "name", "--json").json["networks"]
    assert [row["name"] for row in rows] == ["vgg_16", "vgg_19", "vgg_a"]
    refused("list", "lenet", "--with-weights", words=["no network", "released weights", "'lenet'"])
    refused("list", "lenet", "--exclude", "lenet", words=["no network is left", "'lenet'"])
    refused("list", "vgg", "--exclude", "vgg16", words=["'vgg16'", "vgg_16", "`slimzoo list`"][:2])
    refused("list", "--sort", "size", words=["--sort", "'size'", "multiply-adds"])


def test_the_help_of_finetune_is_in_groups_with_every_option_once(slimzoo):
    for kind in ("voc", "folder", "boxes"):
        text = slimzoo("finetune", kind, "--help").out
        titles = [line for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]
        assert titles == ["Options:", "Network and weights:", "Recipe:", "Tricks:", "Run:", "Output:"]
        options = [p.opts[-1] for p in finetune_command.finetune.commands[kind].params]
        missing = [
            name for name in options if len(re.findall(rf"^  (?:-[\w-]+, )*{name}\b(?!-)", text, re.M)) != 1
        ]
        assert not missing
