"""`slimzoo export`: what it prints, and what it refuses before TensorFlow starts."""

from tests.cli.support import left_in, picture


def test_a_file_becomes_the_next_version_of_a_model_to_serve(slimzoo, cifarnet, tmp_path):
    done = slimzoo("export", cifarnet, "--for", "tf-serving", "--out", "models", "--name", "things", "--json")
    assert done.code == 0, done.err
    assert (done.json["target"], done.json["version"]) == ("tf-serving", 1)
    assert (tmp_path / "models/things/1/assets/labels.txt").read_text().startswith("cat\ndog\n")
    before = left_in(tmp_path)
    assert not [name for name in before if name.startswith("models/.")]


def test_what_cannot_be_exported_is_said(refused, cifarnet, checkpoint, tmp_path):
    (tmp_path / "file").write_text("mine")
    refused("export", cifarnet, "--for", "tf-servin", "--out", "x", words=["tf-servin", "tf-serving"])
    refused("export", cifarnet, "--for", "tf-serving", "--out", "file", words=["file is a file", "--out"])
    refused("export", "no.ckpt", "--for", "tf-serving", "--out", "x", words=["no.ckpt"])
    refused("export", "cifarnt", "--for", "tf-serving", "--out", "x", words=["cifarnt", "cifarnet"])
    assert left_in(tmp_path) == ["file"]


def test_eight_bits_are_printed_with_what_they_cost(slimzoo, cifarnet, tmp_path):
    for i in range(16):
        picture(tmp_path / "photos" / f"{i}.jpg", (15 * i, 250 - 15 * i, 99), 40)
    given = ("--int8", "--calibrate", "photos", "--floor", "0")
    done = slimzoo("convert", cifarnet, "c.tflite", *given)
    assert done.code == 0, done.err
    assert "of 5 held-out images is that of float32 (11 others calibrated it)" in done.out
    assert "c.tflite: TFLite of cifarnet" in done.out
    assert '"held_out": 5' in slimzoo("inspect", "c.tflite", "--json").json["metadata"]["int8"]


def test_eight_bits_that_cannot_be_are_refused_before_tensorflow_starts(refused, cifarnet, image, tmp_path):
    convert, export = ("convert", cifarnet), ("export", cifarnet, "--for")
    refused(*convert, "c.tflite", "--int8", words=["--int8 wants --calibrate DIR"])
    refused(*convert, "c.tflite", "--floor", "0.5", words=["--floor says how --int8 is made"])
    refused(*convert, "c.onnx", "--int8", "--calibrate", "images", words=["c.onnx is neither"])
    refused(*convert, "c.npz", "--calibrate", "images", words=["--calibrate is for whole models"])
    refused(*convert, "c.tflite", "--int8", "--calibrate", "images", words=["holds 1 different images"])
    refused(*convert, "c.tflite", "--int8", "--calibrate", "none", words=["there is no folder none"])
    refused(*export, "tf-serving", "--out", "x", "--int8", "--calibrate", "images", words=["is neither"])
    assert left_in(tmp_path) == ["images/red.jpg"]
