"""`slimzoo evaluate folder`: ImageNet's classes by the names of folders, several models, results.csv."""

import csv
import json

import pytest

from slimzoo.cli import evaluate_many
from slimzoo.training import results
from tests.cli.support import picture, values, write

KIND = {"kind": "cifarnet", "size": 32, "channel_order": "RGB"}
OF_PARTS = {"kind": "vgg", "size": 32, "resize_side": 36, "channel_order": "RGB"}


@pytest.fixture(scope="module")
def knowing(tmp_path_factory):
    """cifarnet for ImageNet's 1000 classes, and with a background: files."""
    folder = tmp_path_factory.mktemp("knowing")
    for classes, kind in ((1000, OF_PARTS), (1001, KIND)):
        write(
            folder / f"{classes}.safetensors",
            values(classes),
            network="cifarnet",
            num_classes=str(classes),
            label_offset=str(classes - 1000),
            labels=json.dumps("imagenet"),
            preprocessing=json.dumps(kind),
        )
    return folder / "1000.safetensors", folder / "1001.safetensors"


@pytest.fixture
def val(tmp_path):
    """Five images of three classes."""
    for i, name in enumerate(
        ("n01440764", "n01440764", "Tabby_Cat", "great white shark", "great white shark")
    ):
        picture(tmp_path / "val" / name / f"{i}.jpg", (50 * i, 9, 99))
    return tmp_path / "val"


def lines(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_models_are_measured_once_and_what_cannot_be_is_told_at_the_end(
    slimzoo, knowing, cifarnet, val, tmp_path, monkeypatch
):
    given = (
        "evaluate",
        "folder",
        "--data",
        val,
        "--labels",
        "imagenet",
        "--out",
        "results.csv",
        "--no-progress",
    )
    models = [word for path in (knowing[0], cifarnet, knowing[1]) for word in ("--model", path)]
    first = slimzoo(*given, *models)
    assert first.code == 2
    assert (
        "1 of 3 models cannot be measured" in first.err and "has 10 classes; ImageNet's are 1000" in first.err
    )
    assert "val, 5 images of 3 of ImageNet's 1000 classes" in first.out and "Wilson" in first.out
    rows = lines(tmp_path / "results.csv")
    assert [(row["network"], row["tag"]) for row in rows] == [("cifarnet", str(path)) for path in knowing]
    assert [(row["size"], row["crop"]) for row in rows] == [("32", f"{32 / 36:.6g}"), ("32", "")]
    assert all(float(row["top-1 low"]) <= float(row["top-1"]) <= float(row["top-5"]) <= 100 for row in rows)

    def not_again(*_, **__):
        raise AssertionError("it is measured again")

    before = (tmp_path / "results.csv").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(evaluate_many, "rank", not_again)
        again = slimzoo(*given, "--model", knowing[1], "--json")
    assert again.json["results"][0]["settings"] == rows[1]["settings"]
    assert (tmp_path / "results.csv").read_bytes() == before
    other = slimzoo(*given, "--model", knowing[0], "--crop", "1", "--json").json["results"][0]
    assert (other["size"], other["crop"]) == (32, 1)
    assert len(lines(tmp_path / "results.csv")) == 3


def test_a_model_of_ones_own_gets_top_1_and_top_5_with_intervals(slimzoo, cifarnet, classes):
    given = ("evaluate", "folder", "--data", classes, "--model", cifarnet, "--no-progress")
    found = slimzoo(*given, "--json").json
    for name in ("top1", "top5"):
        assert found[name]["low"] <= found[name]["value"] <= found[name]["high"]
    assert found["top1"]["value"] == found["accuracy"]
    text = slimzoo(*given).out
    assert "top-1 " in text and "Wilson" in text and "mAP" in text
    (row,) = slimzoo(*given, "--out", "own.csv", "--json").json["results"]
    assert (row["images"], row["classes"]) == (12, 2)
    assert row["top-1"] == pytest.approx(100 * found["accuracy"], abs=1e-3)  # six digits


def test_ctrl_c_keeps_what_was_measured(slimzoo, knowing, val, monkeypatch):
    measured = []

    def once(*arguments):
        if measured:
            raise KeyboardInterrupt
        measured.append(arguments)
        return {**dict.fromkeys(results.COLUMNS, "1"), "network": "the first"}

    monkeypatch.setattr(evaluate_many, "_measured", once)
    given = ("evaluate", "folder", "--data", val, "--labels", "imagenet")
    found = slimzoo(*given, "--model", knowing[0], "--model", knowing[1])
    assert found.code == 130 and "the first" in found.out


def test_what_cannot_be_used_is_refused_before_anything_is_measured(
    refused, knowing, cifarnet, val, tmp_path
):
    given = ("evaluate", "folder", "--data", val, "--labels", "imagenet", "--no-progress")
    refused(*given, "--model", cifarnet, words=["has 10 classes", "1000, or 1001 with a background"])
    refused(*given, "--model", "vgg16", "--model", "lenett", words=["'vgg16'", "vgg_16", "'lenett'"])
    two = ("--model", "vgg_16", "--model", "lenet")
    refused(*given, *two, "--weights", "a.ckpt", words=["--weights is of one model"])
    refused(*given, "--model", knowing[1], "--crop", "0.9", words=["'cifarnet'", "no crop"])
    refused(*given, "--model", knowing[1], "--crop", "0", words=["--crop", "0.1"])
    refused(*given[:4], "--labels", "places", "--model", knowing[1], words=["'places'", "imagenet"])
    refused(*given[:4], "--model", knowing[1], words=["Tabby_Cat: not a class", "with --labels imagenet"])
    (tmp_path / "other.csv").write_text("model,score\na,1\n")
    refused(*given, "--model", knowing[1], "--out", "other.csv", words=["other.csv", "unknown columns model"])
    picture(val / "flower" / "1.jpg")
    picture(val / "crane" / "1.jpg")
    words = ["2 problems", "flower: neither", "crane: several classes", "n02012849"]
    refused(*given, "--model", knowing[1], words=words)
    assert (tmp_path / "other.csv").read_text() == "model,score\na,1\n"
