"""Every reader, on thousands of damaged files: arrays or a clear error, in 5 s and 2 GB, and no other deed.

A new format joins with a row in SAMPLES: a function that writes a small file of it.
"""

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from slimzoo.converters.formats import FORMATS
from slimzoo.converters.formats.safetensors import write_safetensors
from slimzoo.files.wire import encode_field
from tests.converters.mutations import Sample, write_job
from tests.converters.torch_files import Contents, pickled, tensor, write_legacy, write_zip

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="watches memory and time as Linux tells them")

ROOT = Path(__file__).resolve().parents[2]
FEW, MANY = 200, 10_000  # mutations of a sample by default; of a reader in the slow run


def few_arrays():
    random = np.random.RandomState(0)
    return {
        "net/conv/weights": random.randn(3, 3, 2, 4).astype(np.float32),
        "net/conv/biases": random.randn(4).astype(np.float32),
        "global_step": np.int64(7),
    }


def safe(folder, save):
    write_safetensors(folder / "w.safetensors", few_arrays(), {"note": "x"})
    return Sample("w.safetensors", "w.safetensors")


def npz(folder, save):
    np.savez_compressed(folder / "w.npz", **few_arrays())
    return Sample("w.npz", "w.npz")


def npz_member(folder, save):
    np.save(folder / "w.npz", few_arrays()["net/conv/weights"])
    (folder / "w.npz.npy").rename(folder / "w.npz")
    return Sample("w.npz", "w.npz", "npz")


def v1(folder, save):
    save(folder / "w.ckpt", few_arrays(), "V1")
    return Sample("w.ckpt", "w.ckpt")


def v2_index(folder, save):
    save(folder / "w.ckpt", few_arrays(), partitions={"net/conv/weights": (2, 3)})
    return Sample("w.ckpt.index", "w.ckpt")


def v2_data(folder, save):
    save(folder / "w.ckpt", few_arrays())
    return Sample("w.ckpt.data-00000-of-00001", "w.ckpt")


def v1_rows(folder, save):
    """One tensor of two values, in two slices."""
    slices = [encode_field(4, encode_field(1, encode_field(1, i) + encode_field(2, 1))) for i in (0, 1)]
    shape = encode_field(2, encode_field(2, encode_field(1, 2)))
    about = encode_field(1, encode_field(1, b"w") + shape + encode_field(3, 1) + b"".join(slices))
    parts = [
        encode_field(1, b"w") + encode_field(2, piece[2:]) + encode_field(3, encode_field(5, bytes(4)))
        for piece in slices
    ]
    tensor = b"".join(encode_field(2, part) for part in parts)
    (folder / "w.ckpt").write_bytes(encode_field(1, about) + b"||" + tensor)
    return Sample("w.ckpt", "w.ckpt", "v1")


def v2_row(folder, save):
    row = encode_field(1, 1) + encode_field(2, encode_field(2, encode_field(1, 4)))
    (folder / "w.ckpt.index").write_bytes(row + encode_field(5, 16) + b"\x35" + bytes.fromhex("b96f57d8"))
    (folder / "w.ckpt.data-00000-of-00001").write_bytes(bytes(16))
    return Sample("w.ckpt.index", "w.ckpt", "v2")


def frozen(folder, save):
    import tensorflow as tf

    with tf.Graph().as_default() as graph:
        tf.compat.v1.placeholder(tf.float32, [1, 8, 8, 2])
        for name, value in few_arrays().items():
            tf.identity(tf.constant(value, name=name), name=f"{name}/read")
        codes = tf.constant(np.zeros((4, 4), np.int32).astype(np.uint8), tf.quint8, name="q_const")
        tf.identity(tf.quantization.dequantize(codes, -1.0, 1.0, name="q"), name="q/read")
    (folder / "w.pb").write_bytes(graph.as_graph_def().SerializeToString())
    return Sample("w.pb", "w.pb")


def saved_model(part):
    def write(folder, save):
        import tensorflow as tf

        module = tf.Module()
        module.parts = [tf.Variable(value, name=name) for name, value in few_arrays().items()]
        tf.saved_model.save(module, str(folder / "m"))
        return Sample(f"m/{part}", "m")

    return write


def tflite(folder, save):
    import tensorflow as tf

    kernel = few_arrays()["net/conv/weights"]
    signature = [tf.TensorSpec([1, 8, 8, 2])]
    function = tf.function(lambda x: tf.nn.conv2d(x, kernel, 1, "SAME"), input_signature=signature)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    (folder / "w.tflite").write_bytes(converter.convert())
    return Sample("w.tflite", "w.tflite")


def npy(folder, save):
    conv = [few_arrays()["net/conv/weights"], few_arrays()["net/conv/biases"]]
    layers = np.array({"conv": conv, "fc": {"weights": np.ones((40, 30))}}, object)
    np.save(folder / "w.npy", layers, allow_pickle=True)
    return Sample("w.npy", "w.npy")


def torch_contents():
    contents = Contents()
    rows = [contents.hold(np.arange(200, dtype=np.float32)) for _ in range(2)]
    arrays = {name: contents.add(np.arange(200, dtype=np.float32)) for name in ("conv.weight",)}
    views = {"view": tensor(rows[0], (5, 3), (1, 5), 2), "bias": tensor(rows[1], (200,))}
    return pickled({"epoch": 3, "state_dict": arrays | views, "notes": "x"}), contents.storages


def torch_zip(folder, save):
    write_zip(folder / "w.pth", *torch_contents())
    return Sample("w.pth", "w.pth")


def torch_pickle(folder, save):
    (folder / "w.pth").write_bytes(torch_contents()[0])
    return Sample("w.pth", "w.pth", "torch")


def torch_legacy(folder, save):
    write_legacy(folder / "w.pth", *torch_contents())
    return Sample("w.pth", "w.pth")


def keras_model():
    import keras

    parts = [
        keras.Input((8, 8, 2)),
        keras.layers.Conv2D(3, 3, name="conv"),
        keras.layers.BatchNormalization(),
    ]
    return keras.Sequential(parts, name="net")


def keras_archive(folder, save):
    keras_model().save(folder / "w.keras")
    return Sample("w.keras", "w.keras", forks=True)


def keras_member(folder, save):
    keras_model().save_weights(folder / "w.weights.h5")
    return Sample("w.weights.h5", "w.weights.h5", "keras", forks=True)


def keras_weights(folder, save):
    keras_model().save_weights(folder / "w.weights.h5")
    return Sample("w.weights.h5", "w.weights.h5", forks=True)


def keras_legacy(folder, save):
    keras_model().save(folder / "w.h5")
    return Sample("w.h5", "w.h5", forks=True)


def archive(folder, save):
    _tar(folder, "w:gz")
    return Sample("w.tgz", "w.tgz")


def archive_inside(folder, save):
    _tar(folder, "w")
    return Sample("w.tgz", "w.tgz", "gzip")


def _tar(folder, mode):
    save_to = folder / "w.safetensors"
    write_safetensors(save_to, few_arrays())
    content = save_to.read_bytes()
    save_to.unlink()
    with tarfile.open(folder / "w.tgz", mode) as out:
        for name in ("net/readme.txt", "net/w.safetensors"):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))


SAMPLES = {  # format: what writes a small file of it
    "archive": (archive, archive_inside),  # opens the others
    "frozen_graph": (frozen,),
    "keras_archive": (keras_archive, keras_member),
    "keras_h5": (keras_weights, keras_legacy),
    "npy": (npy,),
    "npz": (npz, npz_member),
    "safetensors": (safe,),
    "savedmodel": tuple(
        saved_model(part) for part in ("variables/variables.index", "variables/variables.data-00000-of-00001")
    ),
    "tf_checkpoint": (v1, v1_rows, v2_index, v2_row, v2_data),
    "tflite": (tflite,),
    "torch": (torch_zip, torch_pickle, torch_legacy),
}
ROWS = [(name, i) for name, samples in SAMPLES.items() for i in range(len(samples))]


def test_every_format_that_is_read_has_a_sample():
    assert set(SAMPLES) == {*FORMATS, "archive"}


def run(folder, sample, count):
    write_job(folder, sample)
    job = [sys.executable, "-m", "tests.converters.mutations", str(folder), "0", str(count)]
    done = subprocess.run(job, cwd=ROOT, capture_output=True, text=True, timeout=7_000)
    last = (folder / "last").read_text() if (folder / "last").is_file() else "none"
    assert done.returncode == 0, f"the process ended at mutation {last}: {done.stderr[-2000:]}"
    return json.loads(done.stdout.splitlines()[-1])


def check(found, count):
    assert found["failures"] == [] and found["left"] == []
    assert found["read"] + found["refused"] == count
    assert found["refused"] > count / 10  # the damage is felt
    assert found["memory"] < 2 << 30


@pytest.mark.parametrize(("name", "number"), ROWS)
def test_a_few_hundred_damaged_files_are_read_or_refused(tmp_path, save_checkpoint, name, number):
    sample = SAMPLES[name][number](tmp_path, save_checkpoint)
    check(run(tmp_path, sample, FEW), FEW)


@pytest.mark.slow
@pytest.mark.timeout(7_200)  # a damaged HDF5 file may hold the library up for a second
@pytest.mark.parametrize(("name", "number"), ROWS)
def test_ten_thousand_damaged_files_of_a_reader_are_read_or_refused(tmp_path, save_checkpoint, name, number):
    sample = SAMPLES[name][number](tmp_path, save_checkpoint)
    count = -(-MANY // len(SAMPLES[name]))
    found = run(tmp_path, sample, count)
    print(name, number, found)
    check(found, count)
