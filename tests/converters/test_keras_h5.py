"""Keras's HDF5 files: layouts of all its versions, and files that are not what they seem."""

import json
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import pytest

from slimzoo import converters
from slimzoo.converters.formats import keras_h5
from slimzoo.converters.formats.keras_layers import layers_of, numbered, snake_case
from slimzoo.converters.formats.watch import Watch
from slimzoo.converters.source import Source, tensors_of
from slimzoo.errors import SlimzooError

KERNEL, BIAS = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4), np.arange(4, dtype=np.float32)
ARRAYS = {"conv/kernel": KERNEL, "conv/bias": BIAS}


def legacy(file, layers, attributes=()):
    """Writes {layer: {weight name: array}} into an open file or group as Keras 1 and 2 do."""
    file.attrs["layer_names"] = [name.encode() for name in layers]
    for name, weights in layers.items():
        group = file.create_group(name)
        group.attrs["weight_names"] = [weight.encode() for weight in weights]
        for weight, array in weights.items():
            group.create_dataset(weight, data=array)
    for key, value in dict(attributes).items():
        file.attrs[key] = value


def written(tmp_path, fill):
    """Returns a file that `fill`, given the open file, has filled."""
    with h5py.File(tmp_path / "m.h5", "w") as file:
        fill(file)
    return tmp_path / "m.h5"


def read(tmp_path, fill):
    return converters.read(written(tmp_path, fill))


def assert_equal(found, expected):
    assert dict(found.shapes) == {name: array.shape for name, array in expected.items()}
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


@pytest.mark.parametrize(
    ("kernel", "bias"),
    [
        ("conv/kernel:0", "conv/bias:0"),  # Keras 2
        ("conv/kernel", "conv/bias"),  # Keras 3
        ("conv_W_1:0", "conv_b_1:0"),  # Keras 1, as in the released VGG16
        ("block_1/conv/kernel:0", "block_1/conv/bias:0"),  # under a name scope, as in NASNet
        ("conv/kernel_1:0", "conv/bias_1:0"),
    ],
)
def test_weights_go_by_their_layer_and_a_plain_name_in_files_of_all_versions(tmp_path, kernel, bias):
    found = read(tmp_path, lambda f: legacy(f, {"input": {}, "conv": {kernel: KERNEL, bias: BIAS}}))
    assert_equal(found, ARRAYS)


def test_of_a_whole_model_the_weights_are_read_and_the_optimizer_is_not(tmp_path):
    config = {"class_name": "Sequential", "config": {"layers": []}}

    def fill(file):
        legacy(file.create_group("model_weights"), {"conv": {"conv/kernel": KERNEL, "conv/bias": BIAS}})
        file["optimizer_weights/sgd/momentum"] = KERNEL
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.9.0"

    found = read(tmp_path, fill)
    assert_equal(found, ARRAYS)
    assert found.skipped == ("optimizer_weights/sgd/momentum",)
    assert found.metadata == {"keras_version": "2.9.0"} and found.format == "keras_h5"


def test_the_kernel_of_a_depthwise_layer_is_a_depthwise_kernel_whatever_keras_3_calls_it(tmp_path):
    layers = [{"class_name": "DepthwiseConv2D", "config": {"name": "dw"}}]
    config = json.dumps({"class_name": "Functional", "config": {"layers": layers}})
    found = read(tmp_path, lambda f: legacy(f, {"dw": {"dw/kernel": KERNEL}}, {"model_config": config}))
    assert_equal(found, {"dw/depthwise_kernel": KERNEL})


def test_a_model_as_a_layer_gives_the_names_of_its_own_layers(tmp_path):
    inner = {"a/kernel:0": KERNEL, "b/kernel:0": KERNEL, "a/bias:0": BIAS}
    found = read(tmp_path, lambda f: legacy(f, {"base": inner, "dense": {"dense/kernel:0": KERNEL}}))
    assert set(found) == {"a/kernel", "b/kernel", "a/bias", "dense/kernel"}


def test_names_that_do_not_fit_into_one_attribute_are_joined(tmp_path):
    def fill(file):
        legacy(file, {"a": {"a/kernel": KERNEL}, "b": {"b/kernel": KERNEL}})
        del file.attrs["layer_names"]
        file.attrs["layer_names0"], file.attrs["layer_names1"] = [b"b"], [b"a"]

    assert list(read(tmp_path, fill)) == ["b/kernel", "a/kernel"]


def test_a_weights_h5_without_names_gives_the_paths_of_its_layers_in_their_order(tmp_path):
    def fill(file):
        for i in (10, 9, 1):
            file[f"layers/conv2d_{i}/vars/0"] = KERNEL
        file["layers/my_layer/vars/0"] = BIAS
        file["layers/dropout/seed_generator/vars/0"] = np.zeros(2, np.uint32)
        file["optimizer/vars/0"] = BIAS

    assert list(read(tmp_path, fill)) == [
        *(f"layers/conv2d_{i}/kernel" for i in (1, 9, 10)),
        "layers/my_layer/0",
    ]


def test_a_keras_file_learns_its_names_from_the_configuration_and_runs_nothing_of_it(tmp_path):
    harmful = {"class_name": "Lambda", "config": {"name": "evil", "function": ["os.system('x')"]}}
    layers = [{"class_name": "Conv2D", "config": {"name": name}} for name in ("first", "conv")]
    config = {"class_name": "Functional", "config": {"layers": [harmful, *layers]}}
    weights = written(tmp_path, lambda f: f.create_dataset("layers/conv2d_1/vars/0", data=KERNEL))
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(tmp_path / "m.keras", "w", compression) as out:
            out.writestr("config.json", json.dumps(config))
            out.write(weights, "model.weights.h5")
        found = converters.read(tmp_path / "m.keras")
        assert_equal(found, {"conv/kernel": KERNEL})
        assert found.format == "keras_archive"
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as out:
        out.writestr("config.json", "{}")
    with pytest.raises(SlimzooError, match=r"m.keras has no model.weights.h5 in it; it holds config.json"):
        converters.read(tmp_path / "m.keras")


@pytest.mark.parametrize("place", ["layers/rescaling_1/vars", "model_weights/rescaling"])
def test_layers_that_hold_nothing_are_told_by_their_names_where_no_configuration_is(tmp_path, place):
    def fill(file):
        file["layers/conv2d/vars/0"] = KERNEL
        file.create_group(place)
        file.create_group("layers/zero_padding2d/vars")

    assert read(tmp_path, fill).metadata == {"keras_layers": "Rescaling"}


def test_a_layer_of_no_known_class_is_known_by_the_shapes_of_its_variables(tmp_path):
    def fill(file):
        for name, arrays in {"head": (KERNEL[0, 0], BIAS), "norm": (BIAS,) * 4, "other": (BIAS,)}.items():
            for i, array in enumerate(arrays):
                file[f"{name}/vars/{i}"] = array

    norm = ("gamma", "beta", "moving_mean", "moving_variance")
    assert set(read(tmp_path, fill)) == {
        *("head/kernel", "head/bias", "other/0"),
        *(f"norm/{name}" for name in norm),
    }


def test_a_model_as_a_layer_has_the_order_of_its_configuration_not_that_of_what_is_trained(tmp_path):
    rows = [{"class_name": "Conv2D", "config": {"name": name}} for name in ("block/a", "b", "c")]
    inner = {"class_name": "Functional", "config": {"name": "base", "layers": rows}}
    config = json.dumps({"class_name": "Sequential", "config": {"layers": [inner]}})
    weights = {f"{name}/kernel:0": KERNEL for name in ("c", "block/a", "b")}
    found = read(tmp_path, lambda f: legacy(f, {"base": weights}, {"model_config": config}))
    assert list(found) == ["block/a/kernel", "b/kernel", "c/kernel"]


def test_a_slimzoo_model_goes_by_slims_names(tmp_path):
    found = read(tmp_path, lambda f: f.create_dataset("vars/LeNet.conv-0a.x-1y.weights", data=KERNEL))
    assert list(found) == ["LeNet/conv-a/x.y/weights"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "gzip", "shuffle": True, "fletcher32": True},
        {"compression": "lzf"},
        {"chunks": (1, 1, 2, 3)},
    ],
)
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f2", "<f8", "i1", ">i8"])
def test_numbers_of_every_layout_and_byte_order_are_read(tmp_path, options, dtype):
    array = KERNEL.astype(dtype)

    def fill(file):
        legacy(file, {"conv": {}})
        file["conv"].attrs["weight_names"] = [b"kernel"]
        file["conv"].create_dataset("kernel", data=array, **options)

    assert_equal(read(tmp_path, fill), {"conv/kernel": array.astype(array.dtype.newbyteorder("<"))})


def test_scalars_and_empty_tensors_are_read_and_text_is_left_out(tmp_path):
    weights = {"scalar": np.float32(3), "empty": np.zeros((0, 3), np.float32), "text": np.bytes_(b"abc")}
    with pytest.raises(SlimzooError, match=r"names weights that it does not hold:\n  t/text"):
        read(tmp_path, lambda f: legacy(f, {"t": weights}))
    del weights["text"]
    assert_equal(
        read(tmp_path, lambda f: legacy(f, {"t": weights})), {f"t/{k}": v for k, v in weights.items()}
    )


# Writing.


def write(path, arrays, **options):
    keras_h5.write(path, Source("memory", path, tensors_of(arrays)), Watch(), **options)
    return path


def test_what_is_written_is_read_again_with_its_metadata_and_is_the_same_file_each_time(tmp_path):
    import ml_dtypes

    arrays = ARRAYS | {"half/kernel": KERNEL.astype(ml_dtypes.bfloat16), "fc/kernel": KERNEL[0, 0]}
    first = write(tmp_path / "a.weights.h5", arrays, metadata={"note": "é"})
    second = write(tmp_path / "b.weights.h5", arrays, metadata={"note": "é"})
    assert_equal(converters.read(first), arrays)
    assert converters.read(first).metadata == {"note": "é"}
    assert first.read_bytes() == second.read_bytes()
    with pytest.raises(FileExistsError):
        write(first, arrays)


def test_convert_writes_it_by_its_suffix_and_says_its_hash(tmp_path):
    path = written(tmp_path, lambda f: legacy(f, {"conv": {"kernel": KERNEL, "bias": BIAS}}))
    report = converters.convert(path, tmp_path / "b.weights.h5")
    assert report.sha256 == converters.sha256_of(tmp_path / "b.weights.h5")
    assert_equal(converters.read(tmp_path / "b.weights.h5"), ARRAYS)
    with pytest.raises(SlimzooError, match=r"\.h5 is not written\. Choose .*\.weights\.h5"):
        converters.convert(path, tmp_path / "b.h5")


def test_names_that_are_not_keras_are_not_written(tmp_path):
    with pytest.raises(SlimzooError, match=r"Keras's layers(.|\n)*These are none:\n  net/conv: weights"):
        write(tmp_path / "a.weights.h5", {"net/conv/weights": KERNEL})
    assert not list(tmp_path.iterdir())


# Files that are not what they seem.


def external_data(file):
    file.create_dataset("conv/kernel", (4,), "f4", external=[("/etc/passwd", 0, 16)])


def virtual(file):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4,))
    file.create_virtual_dataset("conv/kernel", layout)


def cycle(file):
    group = file.create_group("a/b")
    group["back"] = file["a"]


def unknown_filter(file):
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_chunk((4,))
    settings.set_filter(305, h5py.h5z.FLAG_OPTIONAL, (0,))
    space, kind = h5py.h5s.create_simple((4,)), h5py.h5t.IEEE_F32LE
    h5py.h5d.create(file.id, b"kernel", kind, space, dcpl=settings)


def set_link(name, link):
    return lambda file: file.__setitem__(name, link)


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (set_link("a", h5py.ExternalLink("/etc/other.h5", "/x")), "a is a link to /etc/other.h5'/x'"),
        (set_link("a", h5py.SoftLink("/b")), "a is a link to '/b'"),
        (external_data, "conv/kernel is stored in other files"),
        (virtual, "conv/kernel is put together from other data sets"),
        (cycle, "a/b/back leads back to itself"),
        (unknown_filter, "kernel is packed by the filter 305; read are gzip, shuffle, fletcher32, lzf"),
        (lambda f: f.create_dataset("x", (1 << 40,), "f4"), r"takes 4,398,046,511,104 bytes, the file has 0"),
        (lambda f: f.create_dataset("x", (1 << 40,), "f4", chunks=(1 << 10,)), "the file has 0"),
        (
            lambda f: f.create_dataset("x", data=np.zeros(1 << 24, "f4"), compression="gzip"),
            "takes 67,108,864 bytes, the file has",
        ),
        (lambda f: f.create_group("nothing"), "holds no weights as Keras stores them"),
        (lambda f: legacy(f, {"conv": {}}, {"model_config": "{"}), "what it says of its layers is wrong"),
    ],
)
def test_a_file_that_leads_astray_is_refused_with_the_reason(tmp_path, fill, message):
    with pytest.raises(SlimzooError, match=message):
        read(tmp_path, fill)


def test_every_problem_is_said_at_once(tmp_path):
    def fill(file):
        external_data(file)
        file["link"] = h5py.SoftLink("/b")

    with pytest.raises(SlimzooError, match=r"conv/kernel is stored(.|\n)*link is a link"):
        read(tmp_path, fill)


def test_the_names_of_layers_in_a_configuration_count_by_class():
    assert [snake_case(name) for name in ("Conv2D", "DepthwiseConv2D", "BatchNormalization", "ReLU")] == [
        "conv2d",
        "depthwise_conv2d",
        "batch_normalization",
        "re_lu",
    ]
    assert list(numbered(["a", "b", "a", "a"])) == ["a", "b", "a_1", "a_2"]
    inner = {"class_name": "Functional", "config": {"name": "base", "layers": []}}
    inner["config"]["layers"].append({"class_name": "Dense", "config": {"name": "d"}})
    assert list(layers_of({"config": {"layers": [inner]}})) == [
        ("layers/functional", "base", "functional"),
        ("layers/functional/layers/dense", "d", "dense"),
    ]


def test_reading_needs_neither_tensorflow_nor_keras(tmp_path):
    path = written(tmp_path, lambda f: legacy(f, {"conv": {"kernel": KERNEL, "bias": BIAS}}))
    code = f"""
import sys
from slimzoo.converters.formats import open_source
assert len(open_source({str(path)!r})) == 2
assert not {{"tensorflow", "keras", "torch"}} & sys.modules.keys(), sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code], check=True)
