"""convert(): any format in, any out, nothing lost and nothing half written."""

import errno
import json
import os

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import converters
from slimzoo.converters.formats import watch
from slimzoo.errors import SlimzooError
from slimzoo.tracing.parts import network_shapes

SUFFIXES = [".safetensors", ".npz", ".ckpt"]


@pytest.fixture
def checkpoint(tmp_path, save_checkpoint, arrays):
    """The prefix of a checkpoint in a folder of its own."""
    return save_checkpoint(tmp_path / "in" / "model.ckpt", arrays)


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.mark.parametrize("second", SUFFIXES)
@pytest.mark.parametrize("first", SUFFIXES)
def test_values_survive_every_way(checkpoint, out, arrays, first, second):
    converters.convert(checkpoint, out / f"a{first}")
    report = converters.convert(out / f"a{first}", out / f"b{second}")
    expected = {name: value for name, value in arrays.items() if name != "global_step"}
    assert converters.compare(expected, converters.read(out / f"b{second}"))
    assert report.tensors == len(expected) and report.parameters == sum(v.size for v in expected.values())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_report_says_what_was_written(checkpoint, out, suffix):
    report = converters.convert(checkpoint, out / f"a{suffix}")
    assert report.sha256 == converters.sha256_of(*report.files)
    assert report.bytes == sum(path.stat().st_size for path in report.files)
    assert report.left_out == {"global_step": 1}
    assert str(report.path) in str(report) and report.to_dict()["sha256"] == report.sha256
    assert sorted(out.iterdir()) == sorted(report.files)


def test_where_the_weights_came_from_is_kept(checkpoint, out):
    converters.convert(checkpoint, out / "a.safetensors", metadata={"license": "Apache-2.0"})
    kept = converters.read(out / "a.safetensors").metadata
    files = converters.read(checkpoint).files
    assert kept["source"] == "model.ckpt" and kept["source_format"] == "tf_checkpoint"
    assert kept["source_sha256"] == converters.sha256_of(*files) and kept["license"] == "Apache-2.0"
    converters.convert(out / "a.safetensors", out / "b.npz")
    assert converters.read(out / "b.npz").metadata["license"] == "Apache-2.0"


def test_a_hash_that_is_known_already_is_taken(checkpoint, out):
    converters.convert(checkpoint, out / "a.safetensors", metadata={"source_sha256": "of the archive"})
    assert converters.read(out / "a.safetensors").metadata["source_sha256"] == "of the archive"


def test_a_destination_that_is_there_stays(checkpoint, out):
    for path in (out / "a.safetensors", out / "b.ckpt.index"):
        path.write_text("mine")
    for name in ("a.safetensors", "b.ckpt"):
        with pytest.raises(FileExistsError, match="exists already"):
            converters.convert(checkpoint, out / name)
    assert {path.read_text() for path in out.iterdir()} == {"mine"}
    assert converters.convert(checkpoint, out / "a.safetensors", overwrite=True).tensors == 5


def test_the_source_is_never_overwritten(checkpoint, out):
    converters.convert(checkpoint, out / "a.safetensors")
    for source in (checkpoint, out / "a.safetensors"):
        with pytest.raises(SlimzooError, match="is the source itself"):
            converters.convert(source, source, overwrite=True)


@pytest.mark.parametrize(
    "suffix", [".pb", ".h5", ".tgz", ".safetensor", ".NPZ", ".ckp", ".foo", ".final", ".7z", ".keras"]
)
def test_a_format_that_is_not_written_is_refused_with_those_that_are(checkpoint, out, suffix):
    with pytest.raises(SlimzooError, match=f"{suffix} is not written") as caught:
        converters.convert(checkpoint, out / f"a{suffix}")
    written = {s for row in converters.FORMATS.values() if row.write for s in row.suffixes if s}
    assert all(f"{known}," in str(caught.value) for known in written | {".keras", ".tflite", ".onnx"})
    assert not list(out.iterdir())


@pytest.mark.parametrize("name", ["a", "a.ckpt-5", "a.ckpt", "mobilenet_v1_1.0_224"])
def test_any_other_name_is_a_checkpoints(checkpoint, out, name):
    assert converters.convert(checkpoint, out / name).format == "tf_checkpoint"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_leaves_nothing_half_written(checkpoint, out, suffix, monkeypatch):
    def full(self, chunk):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    converters.convert(checkpoint, out / f"a{suffix}")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    monkeypatch.setattr(watch.Watch, "update", full)
    for overwrite, name in ((True, f"a{suffix}"), (False, f"b{suffix}")):
        with pytest.raises(SlimzooError, match="the disk is full"):
            converters.convert(checkpoint, out / name, overwrite=overwrite)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_folder_is_no_destination(checkpoint, out):
    with pytest.raises(FileExistsError, match="is a folder; name a file in it"):
        converters.convert(checkpoint, out, overwrite=True)
    assert not list(out.iterdir()) and not list(out.parent.glob("out.*"))


def test_a_folder_that_cannot_be_made_is_told(checkpoint, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SlimzooError, match="cannot write"):
        converters.convert(checkpoint, tmp_path / "file" / "a.safetensors")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused_unless_allowed(tmp_path, out, value):
    arrays = {"a/w": np.ones(5, np.float32), "b/w": np.array([1, value, value], np.float32)}
    converters.write_safetensors(tmp_path / "in.safetensors", arrays)
    with pytest.raises(SlimzooError, match=r"NaN or infinity(.|\n)*  b/w: 2 values$"):
        converters.convert(tmp_path / "in.safetensors", out / "a.safetensors")
    assert not list(out.iterdir())
    assert not np.isfinite(converters.read(tmp_path / "in.safetensors")["b/w"]).all()
    converters.convert(tmp_path / "in.safetensors", out / "a.safetensors", allow_nonfinite=True)
    assert converters.compare(arrays, converters.read(out / "a.safetensors"))


def test_a_network_must_fit_exactly(tmp_path, out, monkeypatch):
    from slimzoo.tracing.parts import network_shapes

    arrays = {name: np.zeros(shape, np.float32) for name, shape in network_shapes("lenet", 7).items()}
    converters.write_safetensors(tmp_path / "in.safetensors", arrays)
    report = converters.convert(tmp_path / "in.safetensors", out / "a.safetensors", network="lenet")
    assert report.metadata["network"] == "lenet" and report.metadata["num_classes"] == "7"
    arrays["LeNet/other"] = arrays.pop("LeNet/conv1/biases")
    converters.write_safetensors(tmp_path / "wrong.safetensors", arrays)
    with pytest.raises(
        SlimzooError, match=r"1 missing, 1 unexpected(.|\n)*LeNet/conv1/biases(.|\n)*LeNet/other"
    ):
        converters.convert(tmp_path / "wrong.safetensors", out / "b.safetensors", network="lenet")
    assert [path.name for path in out.iterdir()] == ["a.safetensors"]


def test_progress_ends_at_the_size_of_the_file(checkpoint, out):
    seen = []
    report = converters.convert(checkpoint, out / "a.safetensors", progress=lambda *now: seen.append(now))
    assert seen == sorted(seen) and seen[-1][0] == report.bytes == (out / "a.safetensors").stat().st_size
    values = sum(array.nbytes for array in converters.read(out / "a.safetensors").values())
    assert {total for _, total in seen} == {values}


def test_large_tensors_pass_in_pieces(tmp_path, out):
    """Larger than one piece, and no multiple of it: V1, V2 and safetensors."""
    values = np.random.RandomState(0).randn(3_000_017).astype(np.float32)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        variable = tf.compat.v1.get_variable("a/w", initializer=values)
        session.run(variable.initializer)
        tf.compat.v1.train.Saver(write_version=tf.compat.v1.train.SaverDef.V1).save(
            session, str(tmp_path / "m")
        )
    converters.convert(tmp_path / "m", out / "a.safetensors")
    converters.convert(out / "a.safetensors", out / "b.ckpt")
    converters.convert(out / "b.ckpt", out / "c.npz")
    for name in ("a.safetensors", "b.ckpt", "c.npz"):
        np.testing.assert_array_equal(converters.read(out / name)["a/w"], values)


def test_no_module_of_the_converters_imports_tensorflow(checkpoint, out):
    import subprocess
    import sys

    code = (
        "import sys; from slimzoo import converters;"
        f"converters.convert({checkpoint!r}, {str(out / 'a.safetensors')!r});"
        "sys.exit('tensorflow' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_excluded_is_left_out_and_counted(tmp_path):
    values = {"net/weights": np.ones((2, 3), np.float32), "part/embedding": np.ones(4, np.float32)}
    converters.write_safetensors(tmp_path / "in.safetensors", values)
    report = converters.convert(tmp_path / "in.safetensors", tmp_path / "out.npz", exclude=["part"])
    assert report.left_out == {"excluded": 1} and list(converters.read(tmp_path / "out.npz")) == [
        "net/weights"
    ]
    converters.write_safetensors(
        tmp_path / "t.safetensors", {"fc.weight": np.ones(2), "conv.bias": np.ones(3)}
    )
    converters.convert(tmp_path / "t.safetensors", tmp_path / "o.npz", exclude=["fc"], rename={"conv": "c"})
    assert list(converters.read(tmp_path / "o.npz")) == ["c.bias"]
    with pytest.raises(SlimzooError, match=r'exclude=\["fc8"\] matches nothing'):
        converters.convert(tmp_path / "in.safetensors", tmp_path / "two.npz", exclude=["fc8"])
    assert not (tmp_path / "two.npz").exists()


def test_the_background_class_is_dropped_or_made_and_the_file_says_so(tmp_path):
    random = np.random.default_rng(0)
    shapes = network_shapes("mobilenet_v1_025", 1001)
    arrays = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    names = [f"name {i}" for i in range(1001)]
    converters.write_safetensors(tmp_path / "1001.safetensors", arrays, {"labels": json.dumps(names)})
    files = [tmp_path / f"{name}.safetensors" for name in ("1001", "1000", "again")]
    dropped = converters.convert(files[0], files[1], network="mobilenet_v1_025", background="drop")
    made = converters.convert(files[1], files[2], network="mobilenet_v1_025", background="synthetic")
    assert (dropped.metadata["label_offset"], made.metadata["label_offset"]) == ("0", "1")
    assert (dropped.metadata["num_classes"], made.metadata["num_classes"]) == ("1000", "1001")
    assert json.loads(dropped.metadata["labels"]) == names[1:]
    assert json.loads(made.metadata["labels"]) == ["background", *names[1:]]
    head = "MobilenetV1/Logits/Conv2d_1c_1x1/biases"
    np.testing.assert_array_equal(converters.read(files[1])[head], arrays[head][1:])
    np.testing.assert_array_equal(converters.read(files[2])[head][1:], arrays[head][1:])
    assert converters.read(files[2])[head][0] == -1e4  # below any logit, and a float16
    with pytest.raises(SlimzooError, match="classifiers of 1001 classes"):
        converters.convert(
            files[1], tmp_path / "no.safetensors", network="mobilenet_v1_025", background="drop"
        )


def test_arguments_that_cannot_be_are_laid_to_the_file_and_those_of_another_program_left_out(tmp_path):
    values = {"net/weights": np.ones(2, np.float32)}
    source, out = tmp_path / "in.safetensors", tmp_path / "out.safetensors"
    converters.write_safetensors(source, values, {"network": "lenet", "network_arguments": "[1"})
    with pytest.raises(SlimzooError, match=r"in\.safetensors says what cannot be:\n  network_arguments"):
        converters.convert(source, out)
    converters.write_safetensors(
        source, values, {"network_arguments": "of mine", "note": "x"}, overwrite=True
    )
    report = converters.convert(source, out)
    assert "network_arguments" not in report.metadata and report.metadata["note"] == "x"
