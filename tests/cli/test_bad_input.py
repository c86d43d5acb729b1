"""Whatever is wrong with what is given: a clear message, exit code 2, nothing lost or half written."""

import os
import resource
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tests.cli.support import left_in, picture, values, write

TRAIN = (  # op determinism would outlast the test
    *("--model", "cifarnet", "--weights", "none", "--steps", "1", "--batch-size", "4", "--no-tensorboard"),
    "--no-deterministic",
)


@pytest.mark.parametrize(
    "arguments",
    [
        ("info", "vgg16"),
        ("list", "vgg16"),
        ("predict", "--model", "vgg16", "a.jpg"),
        ("evaluate", "folder", "--data", "x", "--model", "vgg16"),
    ],
    ids=lambda a: a[0],
)
def test_an_unknown_network_is_answered_with_the_nearest(refused, arguments):
    refused(*arguments, words=["'vgg16'", "vgg_16"])


def test_an_unknown_network_keeps_convert_and_finetune_from_writing(refused, cifarnet, classes, tmp_path):
    before = left_in(tmp_path)
    refused("convert", cifarnet, "out.npz", "--network", "cifernet", words=["'cifernet'", "cifarnet"])
    refused("finetune", "folder", "--train", classes, "--model", "cifernet", words=["'cifernet'", "cifarnet"])
    assert left_in(tmp_path) == before


def test_unknown_weights_are_answered_with_what_there_is(refused):
    refused("info", "mobilenet_v1/225", words=["'225'", "slim_in1k_224"])
    refused("predict", "--model", "mobilenet_v1/225", "a.jpg", words=["'225'", "slim_in1k_224"])
    refused("predict", "--model", "mobilenet_v1", "--weights", "no.ckpt", "a.jpg", words=["'no.ckpt'", "224"])
    refused("predict", "--model", "lenet", "a.jpg", words=["no released weights", "lenet"])


@pytest.mark.parametrize("command", ["inspect", "convert", "predict"])
def test_a_truncated_checkpoint_is_named(refused, copied, tmp_path, image, command):
    data = copied.with_name(f"{copied.name}.data-00000-of-00001")
    os.truncate(data, data.stat().st_size // 2)
    before = left_in(tmp_path)
    arguments = {
        "inspect": ("inspect", copied),
        "convert": ("convert", copied, "out.safetensors"),
        "predict": ("predict", "--model", "cifarnet", "--weights", copied, image),
    }[command]
    refused(*arguments, words=[data.name])
    assert left_in(tmp_path) == before


def test_a_missing_shard_is_named(refused, copied, tmp_path):
    data = copied.with_name(f"{copied.name}.data-00000-of-00001")
    data.unlink()
    before = left_in(tmp_path)
    refused("convert", copied, "out.safetensors", words=[data.name])
    refused("inspect", copied, words=[data.name])
    assert left_in(tmp_path) == before


def test_a_truncated_or_foreign_file_is_named(refused, cifarnet, tmp_path):
    half = tmp_path / "half.safetensors"
    half.write_bytes(cifarnet.read_bytes()[:5000])
    (tmp_path / "text.ckpt").write_text("this is no checkpoint")
    (tmp_path / "empty.ckpt").touch()
    for name in ("half.safetensors", "text.ckpt", "empty.ckpt", "not-there.ckpt"):
        refused("convert", name, "out.npz", words=[name])
    assert "out.npz" not in left_in(tmp_path)


def test_a_checkpoint_of_another_network_lists_the_differences_and_why(refused, cifarnet, checkpoint, image):
    words = ["CifarNet", "LeNet/conv1/weights", "another network"]
    refused("convert", cifarnet, "out.npz", "--network", "lenet", words=words)
    refused("predict", "--model", "lenet", "--weights", checkpoint, image, words=words)


def test_other_shapes_are_listed_all_at_once(refused, tmp_path, classes):
    arrays = values()
    for name in ("CifarNet/conv1/weights", "CifarNet/fc3/biases"):
        arrays[name] = np.concatenate([arrays[name], arrays[name]], axis=-1)
    path = write(tmp_path / "wide.safetensors", arrays)
    before = left_in(tmp_path)
    words = ["CifarNet/conv1/weights is [5, 5, 3, 128]", "[5, 5, 3, 64]", "CifarNet/fc3/biases is [768]"]
    refused("convert", path, "out.npz", "--network", "cifarnet", words=words)
    refused(*("finetune", "folder", "--data", classes, "--model", "cifarnet", "--weights", path), words=words)
    assert left_in(tmp_path) == before


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--new", "conv9", ["--new conv9 matches nothing"]),
        ("--freeze", "conv9", ["--freeze conv9 matches nothing"]),
        ("--freeze", "conv1", ['--freeze conv1 matches nothing; did you mean "CifarNet/conv1"?']),
        ("--learning-rates", "conv9=0.1", ["--learning-rates conv9 matches nothing"]),
    ],
)
def test_a_scope_that_matches_nothing_is_refused(refused, cifarnet, classes, tmp_path, option, value, words):
    given = ("--model", "cifarnet", "--weights", cifarnet, "--steps", "1", "--out", "run", option, value)
    refused("finetune", "folder", "--train", classes, *given, words=words)
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_a_filter_that_matches_nothing_is_refused(refused, cifarnet):
    refused("inspect", cifarnet, "--filter", "*/conv9", words=["'*/conv9'", "CifarNet/conv1"])


def test_nan_in_the_weights_is_found(refused, slimzoo, tmp_path, image):
    arrays = values()
    arrays["CifarNet/logits/biases"][3] = np.nan
    path = write(tmp_path / "nan.safetensors", arrays)
    before = left_in(tmp_path)
    refused("convert", path, "out.npz", words=["CifarNet/logits/biases", "NaN", "1 value"])
    refused(
        "predict", "--model", "cifarnet", "--weights", path, image, words=["CifarNet/logits/biases", "NaN"]
    )
    assert left_in(tmp_path) == before
    assert slimzoo("convert", path, "out.npz", "--allow-nonfinite").code == 0


def test_every_file_that_is_no_image_is_named(refused, cifarnet, image, tmp_path):
    (tmp_path / "text.jpg").write_text("no image")
    (tmp_path / "cut.jpg").write_bytes(image.read_bytes()[:200])
    given = ["text.jpg", "cut.jpg", "missing.png"]
    refused("predict", "--model", cifarnet, *given, words=["text.jpg", "cut.jpg", "missing.png", "3 of 3"])
    refused("predict", "--model", cifarnet, "text.jpg", words=["text.jpg is not an image", "JPEG"])


def test_a_model_that_is_none_is_refused(refused, image, tmp_path):
    (tmp_path / "empty").mkdir()
    refused("predict", "--model", "empty", image, words=["empty", "model.safetensors"])
    nameless = write(tmp_path / "nameless.safetensors", values())
    refused("predict", "--model", nameless, image, words=["nameless.safetensors", "network"])


def test_an_empty_folder_is_refused(refused, cifarnet, tmp_path):
    (tmp_path / "none").mkdir()
    (tmp_path / "half" / "cat").mkdir(parents=True)
    picture(tmp_path / "half" / "dog" / "1.jpg")
    wrong = {"none": ["sub-folder"], "half": ["cat", "without images"], "gone": ["no folder gone"]}
    for name, words in wrong.items():
        refused("finetune", "folder", "--train", name, *TRAIN, "--out", "run", words=words)
    refused("evaluate", "folder", "--data", "none", "--model", cifarnet, words=["none", "sub-folder"])
    refused("inspect", "none", words=["none"])
    assert not (tmp_path / "run").exists()


def test_voc_problems_are_listed_all_at_once(refused, devkit, tmp_path):
    notes = sorted((devkit / "VOC2012" / "Annotations").iterdir())
    notes[0].write_text("<annotation><object>")
    notes[1].write_text("<annotation><object><name>unicorn</name></object></annotation>")
    notes[2].unlink()
    words = [notes[0].name, "broken XML", "'unicorn'", "aeroplane", notes[2].name, "3 problems"]
    given = ("--classes", "aeroplane,cat,dog")
    refused("finetune", "voc", "--data", devkit, *given, *TRAIN, "--out", "run", words=words)
    assert not (tmp_path / "run").exists()


def test_what_a_kit_without_a_list_wants_is_an_option_that_exists(refused, devkit, cifarnet):
    shutil.rmtree(devkit / "VOC2012" / "ImageSets")
    refused(
        "evaluate", "voc", "--data", devkit, "--model", cifarnet, words=['--split "all" takes every image']
    )
    refused("finetune", "voc", "--data", devkit, "--split", "val", *TRAIN, words=['--split "all" takes'])
    given = ("--data", devkit / "VOC2012", "--year", "2007")
    refused("finetune", "voc", *given, *TRAIN, words=['say --year "2012"'])


def test_classes_that_are_no_names_are_refused(refused, devkit):
    for value, words in (("cat,,dog", ["'cat,,dog' holds an empty name"]), ("cat", ["unknown class 'dog'"])):
        refused("finetune", "voc", "--data", devkit, "--classes", value, *TRAIN, words=words)


def test_a_voc_year_or_split_that_is_not_there_is_answered_with_those_that_are(refused, devkit, cifarnet):
    refused("finetune", "voc", "--data", devkit, "--year", "2007", *TRAIN, words=["VOC2007", "VOC2012"])
    refused("finetune", "voc", "--data", devkit, "--split", "test", *TRAIN, words=["'test'", "train", "val"])
    refused("evaluate", "voc", "--data", "nowhere", "--model", cifarnet, words=["nowhere", "VOCdevkit"])


def test_classes_that_are_not_the_model_s_are_refused(refused, cifarnet, devkit, classes, tmp_path, image):
    refused("evaluate", "voc", "--data", devkit, "--model", cifarnet, words=["10 classes", "has 20"])
    (classes / "cat").rename(classes / "horse")
    refused(
        "evaluate",
        "folder",
        "--data",
        classes,
        "--model",
        cifarnet,
        words=["horse", "not a class", "thing 1"],
    )
    (tmp_path / "two.txt").write_text("cat\ndog\n")
    given = ("--model", cifarnet, "--labels", "two.txt")
    refused("predict", *given, image, words=["2 labels", "10 classes"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--validation", "1.5"), ["1.5", "between 0 and 1"]),
        (("--validation", "nowhere"), ["nowhere"]),
        (("--optimizer", "sgd"), ["'sgd'", "momentum, adam, rmsprop"]),
        (("--learning-rate", "-1"), ["--learning-rate is -1", "above 0"]),
        (("--precision", "float16"), ["'float16'", "mixed_float16"]),
        (("--device", "gpu:9"), ["gpu:9", "cpu:0"]),
        (("--data-format", "NWHC"), ["'NWHC'", "NHWC"]),
        (("--augmentation", "wild"), ["'wild'", "mild"]),
    ],
    ids=lambda a: a[0].lstrip("-"),
)
def test_a_setting_that_cannot_be_is_answered_with_those_that_can(
    refused, classes, tmp_path, arguments, words
):
    refused("finetune", "folder", "--train", classes, *TRAIN, *arguments, "--out", "run", words=words)
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_tricks_that_cannot_be_are_all_refused_at_once_in_the_options_names(refused, classes):
    given = ("--mixup", "-1", "--power", "2", "--class-weights", "balanced", "--sampling", "balanced")
    more = ("--no-augmentation", "--random-erasing", "0.5", "--sync-batch-norm", "--batch-norm", "frozen")
    words = [
        "--mixup -1.0 is not possible; it is a number above 0",
        "--power 2.0 means nothing with --schedule 'cosine'; use --schedule 'polynomial'",
        "--class-weights 'balanced' and --sampling 'balanced' exclude each other",
        "--random-erasing 0.5 means nothing without augmentation",
        "--batch-norm 'frozen' and --sync-batch-norm exclude each other",
    ]
    refused("finetune", "folder", "--train", classes, *TRAIN, *given, *more, words=words)
    refused(
        "finetune",
        "folder",
        "--train",
        classes,
        *TRAIN,
        "--crop-area",
        "0.5",
        "0.1",
        words=["--crop-area (0.5"],
    )
    refused(
        "finetune", "folder", "--train", classes, *TRAIN, "--batch-norm", "iced", words=["'iced'", "frozen"]
    )


def test_what_is_there_already_stays(refused, slimzoo, cifarnet, classes, tmp_path):
    (tmp_path / "out.npz").write_text("precious")
    refused("convert", cifarnet, "out.npz", words=["out.npz exists already", "--overwrite"])
    assert (tmp_path / "out.npz").read_text() == "precious"
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("precious")
    refused("finetune", "folder", "--train", classes, *TRAIN, "--out", "run", words=["run", "--out"])
    assert left_in(tmp_path / "run") == ["thesis.txt"]
    assert slimzoo("convert", cifarnet, "out.npz", "--overwrite").code == 0


def test_a_place_that_cannot_be_written_is_refused(refused, cifarnet, classes, tmp_path):
    (tmp_path / "file").write_text("a file")
    before = left_in(tmp_path)
    refused("convert", cifarnet, "file/out.npz", words=["file/out.npz", "not a folder"])
    refused("convert", cifarnet, "/proc/out.npz", words=["/proc/out.npz"])
    refused("finetune", "folder", "--train", classes, *TRAIN, "--out", "file", words=["file"])
    refused("finetune", "folder", "--train", classes, *TRAIN, "--out", "file/run", words=["file/run"])
    refused("report", "nowhere", words=["nowhere/report.json"])
    assert left_in(tmp_path) == before


def test_runs_that_give_no_report_are_refused(refused, tmp_path):
    (tmp_path / "run").mkdir()
    refused("report", "run", words=["run/report.json is not there", "give the folder"])
    (tmp_path / "run" / "config.json").write_text("{}")
    refused("report", "run", words=["the run is not finished", "`slimzoo finetune`"])
    for content in ("{", "[]", '{"format": 99}', '{"format": 1, "title": 5}'):
        (tmp_path / "run" / "report.json").write_text(content)
        refused("report", "run", words=["run/report.json cannot be read"])
    refused(
        "report", "run", "nowhere", words=["cannot be compared", "run/report.json", "nowhere/report.json"]
    )
    refused("report", "run", "--out", "x.html", words=["--out and --overwrite are for several runs"])
    refused("compare", "lenet", "--out", "x.png", words=["no accuracy is published for lenet", "--out"])
    assert left_in(tmp_path) == ["run/config.json", "run/report.json"]


def test_a_full_disk_leaves_nothing_half_written(refused, cifarnet, classes, small_disk):
    for name in ("out.safetensors", "out.npz", "out.ckpt"):
        refused("convert", cifarnet, small_disk / name, words=["cannot write", name, "disk is full"])
        assert left_in(small_disk) == []
    out = small_disk / "run"
    refused("finetune", "folder", "--train", classes, *TRAIN, "--out", out, words=["disk is full"])
    assert not any(name.endswith((".tmp", ".safetensors")) for name in left_in(small_disk))


def test_a_file_size_limit_leaves_nothing_half_written_either(cifarnet, tmp_path):
    code = (
        "import resource, sys\n"
        "from slimzoo.cli import main\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, {resource.RLIM_INFINITY}))\n"
        f"main(['convert', {str(cifarnet)!r}, 'out.safetensors'])\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "error: cannot write" in done.stderr
    assert "Traceback" not in done.stderr
    assert left_in(tmp_path) == []


def test_a_network_that_gives_masks_is_refused_where_images_get_classes(refused, slimzoo, classes, image):
    words = ["deeplab_v3_mobilenet_v2 tells pixels apart", "predict_masks", "task classification"]
    refused("predict", "--model", "deeplab_v3_mobilenet_v2", "--weights", "none.ckpt", image, words=words)
    given = ("--model", "deeplab_v3_mobilenet_v2", "--weights", "none", "--steps", "1", "--out", "run")
    refused("finetune", "folder", "--train", classes, *given, words=["no images/ and no masks/ in it"])
    refused("finetune", "folder", "--train", classes, "--task", "classification", *given, words=words)
    compared = slimzoo("compare", "mobilenet_v2", "--json").json["networks"]
    assert {network["task"] for network in compared} == {"classification"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("segment", "a.jpg", "--model", "fcn_8s"),
        ("predict", "--images", "photos", "--model", "lenet"),
        ("export", "lenet", "--for", "openvino"),
        ("finetune", "folder", "--train", "photos", "--model", "lenet"),
        ("crossvalidate", "folder", "--data", "photos", "--model", "lenet"),
        ("demo",),
    ],
)
def test_an_empty_name_is_no_place_to_write_to(refused, arguments):
    refused(*arguments, "--out", "", words=["'--out': it is empty", ". for the current folder"])


def test_a_file_is_no_folder_for_scores_which_is_told_before_any_image_is_read(refused, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    given = ("--data", "nowhere", "--model", "lenet", "--weights", "none", "--recipes", "scratch")
    refused(
        "crossvalidate", "folder", *given, "--out", "notes.txt", words=["notes.txt is a file", "--out DIR"]
    )
    assert left_in(tmp_path) == ["notes.txt"]
