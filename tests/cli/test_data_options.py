"""Data of one's own by the command line: a kit with other classes, photographs lying on their side."""

import os

import click
import numpy as np
import pytest
from PIL import Image

from slimzoo.cli.data_options import ListFile
from tests.cli.support import picture

TRAIN = (
    *("--model", "cifarnet", "--weights", "none", "--steps", "2", "--batch-size", "4", "--no-tensorboard"),
    *("--no-deterministic", "--no-progress"),
)


@pytest.fixture
def helmets(devkit):
    """The kit with two classes of its own."""
    for note in (devkit / "VOC2012" / "Annotations").iterdir():
        note.write_text(note.read_text().replace("cat", "helmet").replace("dog", "vest"))
    return devkit


@pytest.mark.parametrize("given", [(), ("--classes", "vest,helmet"), ("--classes", "names.txt")])
def test_classes_of_one_s_own_are_kept_from_training_to_prediction(slimzoo, helmets, image, tmp_path, given):
    (tmp_path / "names.txt").write_text("vest\nhelmet\n")
    trained = slimzoo("finetune", "voc", "--data", helmets, *given, *TRAIN, "--out", "run", "--json")
    assert trained.code == 0, trained.err
    expected = ["vest", "helmet"] if given else ["helmet", "vest"]
    assert list(trained.json["ap"]) == expected
    assert ("as annotated: helmet (4), vest (4); --classes" in trained.err) == (not given)
    measured = slimzoo("evaluate", "voc", "--data", helmets, "--model", "run", "--json")
    assert list(measured.json["ap"]) == expected, measured.err
    assert "as annotated" not in measured.err
    (predicted,) = slimzoo("predict", "--model", "run", image, "--json").json
    assert {row["name"] for row in predicted["predictions"]} == set(expected)


def test_no_exif_leaves_photographs_as_they_lie(slimzoo, cifarnet, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 3
    ramp = np.repeat(np.arange(0, 240, 6, dtype=np.uint8)[:, None], 40, 1)
    Image.fromarray(ramp).save(tmp_path / "lying.png", exif=exif)
    Image.fromarray(ramp).save(tmp_path / "stored.png")
    Image.fromarray(ramp[::-1, ::-1]).save(tmp_path / "upright.png")

    def scores(name, *options):
        (found,) = slimzoo("predict", "--model", cifarnet, name, *options, "--json").json
        return found["predictions"]

    assert scores("lying.png") == scores("upright.png") != scores("stored.png")
    assert scores("lying.png", "--no-exif") == scores("stored.png")


def test_a_folder_with_train_and_val_is_trained_on_the_one_and_measured_on_the_other(slimzoo, tmp_path):
    for part, count in (("train", 4), ("val", 2)):
        for name, colour in (("cat", (250, 0, 0)), ("dog", (0, 0, 250))):
            for i in range(count):
                picture(tmp_path / "pets" / part / name / f"{i}.jpg", colour)
    result = slimzoo("finetune", "folder", "--train", "pets", *TRAIN, "--out", "run", "--json")
    assert result.code == 0, result.err
    assert result.json["images"] == 4
    assert "trained on is pets/train, held out pets/val" in result.err
    again = slimzoo("evaluate", "folder", "--data", "pets/val", "--model", "run", "--json")
    assert again.json["images"] == 4 and "was trained on" not in again.err


def test_boxes_of_yolo_are_trained_on_and_measured(slimzoo, tmp_path):
    for i in range(8):
        picture(tmp_path / "boxes" / "images" / f"{i}.jpg", (250 * (i % 2), 0, 99))
        (tmp_path / "boxes" / "labels").mkdir(exist_ok=True)
        (tmp_path / "boxes" / "labels" / f"{i}.txt").write_text(f"{i % 2} .5 .5 1 1")
    given = ("--data", "boxes", "--classes", "helmet,vest")
    result = slimzoo("finetune", "boxes", *given, *TRAIN, "--out", "run", "--json")
    assert result.code == 0, result.err
    assert list(result.json["ap"]) == ["helmet", "vest"]
    found = slimzoo("evaluate", "boxes", "--data", "boxes", "--model", "run", "--json")
    assert found.json["positives"] == {"helmet": 4, "vest": 4} and "was trained on" in found.err


def test_a_class_that_no_held_out_image_shows_is_said_in_the_terminal(slimzoo, cifarnet, classes):
    result = slimzoo("evaluate", "folder", "--data", classes, "--model", cifarnet)
    assert "no image shows thing 0, thing 1" in result.out and "mAP leaves them out" in result.out


def test_a_list_is_a_file_or_a_pipe_that_is_written_into_and_no_device(tmp_path):
    kind = ListFile(errors="surrogateescape")
    os.mkfifo(tmp_path / "pipe")
    os.symlink("/dev/zero", tmp_path / "device")
    assert list(kind.convert(str(tmp_path / "pipe"), None, None)) == []  # nobody writes: not waited for
    with pytest.raises(click.BadParameter, match="device is no file, but a device or a socket"):
        kind.convert(str(tmp_path / "device"), None, None)
    reading, writing = os.pipe()
    os.write(writing, b"a.jpg\nb.jpg\n")
    os.close(writing)
    with kind.convert(f"/dev/fd/{reading}", None, None) as lines:
        assert list(lines) == ["a.jpg\n", "b.jpg\n"]
    os.close(reading)
