"""Models that people made of keras.applications' networks, in every file that Keras writes of them."""

import json
import re

import keras
import numpy as np
import pytest

import slimzoo
from slimzoo import converters
from slimzoo.converters.formats.keras_layers import without_weights
from slimzoo.converters.name_maps import fitting, get_name_map
from slimzoo.converters.naming import named
from slimzoo.files.wire import encode_field
from slimzoo.registry import get_network
from slimzoo.tracing.parts import network_shapes
from tests.converters import keras_models as made
from tests.converters.keras_models import CLASSES, base_of, written
from tests.converters.keras_twins import source, weights_of

NETWORK = "mobilenet_v1_025"
HEAD = "MobilenetV1/Logits/Conv2d_1c_1x1"
FILES = (".h5", ".weights.h5", ".keras", "export", "checkpoint")
QUICK = {
    (made.sequential, kind) for kind in FILES if kind != "export"
} | {  # the rest takes a second or two each
    *((made.functional, "checkpoint"), (made.nested, ".h5"), (made.subclassed, ".weights.h5"))
}
MODELS = [  # a class of one's own Keras saves with its configuration only
    pytest.param(make, kind, marks=() if (make, kind) in QUICK else pytest.mark.slow)
    for make in (made.sequential, made.functional, made.nested, made.subclassed)
    for kind in FILES
    if make is not made.subclassed or kind not in (".h5", ".keras")
]
dense = keras.layers.Dense
pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")


@pytest.fixture(scope="module")
def base():
    return base_of(NETWORK)


@pytest.fixture(scope="module")
def convolutions(base):
    """Returns what `base` is under slim's names."""
    return dict(get_name_map("keras", NETWORK).apply(source(weights_of(base))))


def assert_equal(found, expected):
    assert set(found) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def read(path, network=NETWORK):
    """Returns the file under slim's names, and the map."""
    found = named(converters.read(path), get_network(network), lambda: network_shapes(network))
    return found.variables, found.name_map


def with_head(convolutions, kernel, bias):
    return convolutions | {f"{HEAD}/weights": kernel[None, None], f"{HEAD}/biases": bias}


@pytest.mark.parametrize(("make", "kind"), MODELS)
def test_a_head_of_one_layer_becomes_the_networks_own(tmp_path, base, convolutions, make, kind):
    model = make(base, dense(CLASSES))
    found, name_map = read(written(model, tmp_path, kind))
    assert_equal(found, with_head(convolutions, *model.get_weights()[-2:]))
    assert name_map.absent == () and name_map.said == ()


@pytest.mark.parametrize("kind", [".h5", ".weights.h5", "checkpoint"])
def test_a_head_of_two_layers_is_left_out_and_said(tmp_path, base, convolutions, kind, caplog):
    path = written(made.sequential(base, dense(6), dense(CLASSES)), tmp_path, kind)
    found, name_map = read(path)
    assert_equal(found, convolutions)
    assert name_map.absent == (HEAD,)
    (line,) = [record.getMessage() for record in caplog.records if record.name == "slimzoo"]
    assert re.search(
        r"left out is .*dense\S* \[256, 6\], .*\[6, 5\]: .* ends in 1 layer of weights, on 256", line
    )


def test_a_head_without_biases_gets_zeros_which_is_said(tmp_path, base, convolutions):
    model = made.sequential(base, dense(CLASSES, use_bias=False, name="top"))
    found, name_map = read(written(model, tmp_path, ".keras"))
    assert_equal(found, with_head(convolutions, model.get_weights()[-1], np.zeros(CLASSES, np.float32)))
    assert [line.partition(": ")[2] for line in name_map.said] == ["top has no biases: they are zeros here"]


@pytest.mark.parametrize("kind", FILES)
def test_layers_in_front_are_left_out_and_said(tmp_path, base, convolutions, kind, caplog):
    normalization = keras.layers.Normalization(name="norm")
    normalization.adapt(np.float32([[1, 2, 3], [3, 4, 5]]))
    front = (keras.layers.RandomFlip(), keras.layers.Rescaling(0.5, -1), normalization)
    model = made.sequential(base, dense(CLASSES), front=front)
    found, _ = read(written(model, tmp_path, kind))
    assert_equal(found, with_head(convolutions, *model.get_weights()[-2:]))
    scale = " (scale 0.5, offset -1)" * (kind in (".h5", ".keras"))  # others have no configuration
    rescaling = f"Rescaling{scale}; " * (kind != "checkpoint")  # which holds no layer without weights
    assert f"computes {rescaling}Normalization norm (mean 2, 3, 4, variance 1, 1, 1), which" in caplog.text


@pytest.mark.parametrize("kind", [".keras", "checkpoint"])
def test_what_trained_the_model_is_not_read(tmp_path, base, convolutions, kind):
    model = made.trained(made.sequential(base, dense(CLASSES)))
    path = written(model, tmp_path, kind)
    found, name_map = read(path)
    assert_equal(found, with_head(convolutions, *model.get_weights()[-2:]))
    assert len(converters.read(path).skipped) >= 2 * len(model.trainable_variables) and not name_map.said


def test_a_maximum_in_place_of_the_mean_is_said(tmp_path, base):
    net = keras.layers.GlobalMaxPooling2D()(base.output)
    model = keras.Model(base.input, dense(CLASSES)(net))
    _, name_map = read(written(model, tmp_path, ".keras"))
    assert "computes GlobalMaxPooling2D at its end, which mobilenet_v1_025 does not" in name_map.said[0]


def test_of_two_networks_in_a_model_it_is_said_which_is_taken(base):
    arrays = weights_of(base)
    two = {f"{tower}/{name}": value for tower in ("one", "two") for name, value in arrays.items()}
    assert fitting(source(arrays), NETWORK).said == ()
    name_map = fitting(source(two), NETWORK)
    assert "that from one/conv1 on is taken, not that from two/conv1 on" in name_map.said[0]


def test_the_configuration_in_a_savedmodel_of_keras_2_says_what_has_no_weights(tmp_path):
    model = keras.Sequential([keras.Input((4,)), dense(CLASSES)])
    folder = written(model, tmp_path, "export")
    rows = [("Rescaling", {"scale": 0.5}), ("Conv2D", {}), ("GlobalMaxPooling2D", {})]
    layers = [{"class_name": name, "config": {"name": name, **settings}} for name, settings in rows]
    root = json.dumps({"class_name": "Sequential", "config": {"layers": layers}}).encode()
    node = encode_field(1, encode_field(3, b"root") + encode_field(5, root))
    for content, said in (
        (node, {"keras_layers": "Rescaling (scale 0.5)", "keras_head": "GlobalMaxPooling2D"}),
        (node[:-9], {}),
        (b"\0", {}),
    ):
        (folder / "keras_metadata.pb").write_bytes(content)
        assert {k: v for k, v in converters.read(folder).metadata.items() if "keras_" in k} == said


@pytest.mark.parametrize(
    "layers, said",
    [
        ([("Dense", "relu")], "Dense (activation relu)"),
        ([("Dense", "sigmoid")], "Dense (activation sigmoid)"),
        ([("Dense", "softmax")], None),
        ([("Dense", "linear"), ("Activation", "tanh")], "Activation (activation tanh)"),
        ([("Dropout", None), ("Dense", None), ("Softmax", None)], None),
        ([("UnitNormalization", None), ("Dense", None), ("Rescaling", None)], "UnitNormalization; Rescaling"),
        ([("Conv2D", "relu"), ("Activation", "hard_silu"), ("Conv2D", "softmax")], None),
    ],
)
def test_what_a_model_computes_at_its_end_is_told_where_logits_are_not_of_averages(layers, said):
    rows = [("Conv2D", None), ("Add", None), ("GlobalAveragePooling2D", None), *layers]
    config = [{"class_name": name, "config": {"activation": function}} for name, function in rows]
    assert without_weights({"config": {"layers": config}}).get("keras_head") == said


def test_other_layers_than_one_last_one_are_no_head_of_the_network(base):
    """A layer on all of the map, a convolution more, or a second normalisation."""
    arrays = weights_of(base)
    kernel, vector = np.zeros((256, CLASSES), np.float32), np.zeros(256, np.float32)
    norm = {f"norm/{name}": vector for name in ("gamma", "beta", "moving_mean", "moving_variance")}
    heads = (
        {"dense/kernel": np.zeros((4 * 256, CLASSES), np.float32), "dense/bias": vector[:CLASSES]},
        {"extra/kernel": np.zeros((3, 3, 256, 256), np.float32), "dense/kernel": kernel},
        {**norm, "dense/kernel": kernel, "dense/bias": vector[:CLASSES]},
    )
    for head in heads:
        name_map = fitting(source(arrays | head), NETWORK)
        assert name_map.absent == (HEAD,) and name_map.said


INCEPTION = pytest.param("inception_v3", marks=pytest.mark.slow)  # 378 tensors: 20 s


@pytest.mark.parametrize("network", ["mobilenet_v2_035", INCEPTION])
def test_layers_that_are_trained_in_part_keep_their_order(tmp_path, network):
    """Keras stores what is trained before what is frozen; Inception's layers have nothing but numbers."""
    base = base_of(network)
    for layer in base.layers[: len(base.layers) // 2]:
        layer.trainable = False
    expected = get_name_map("keras", network).apply(source(weights_of(base)))
    model = made.sequential(base, dense(CLASSES))
    for kind in (".h5", "checkpoint"):
        found, _ = read(written(model, tmp_path, kind), network)
        assert_equal({name: found[name] for name in expected}, expected)


@pytest.mark.parametrize("network", ["mobilenet_v1_025", "mobilenet_v2_035"])
def test_the_logits_are_keras_own(tmp_path, network):
    base = base_of(network)
    model = made.sequential(base, dense(CLASSES))
    side = base.input_shape[1]
    slim = slimzoo.load(
        network, weights=written(model, tmp_path, ".weights.h5"), input_shape=(side, side, 3), quiet=True
    )
    images = np.random.RandomState(0).uniform(-1, 1, (2, side, side, 3)).astype(np.float32)
    expected = model.predict(images, verbose=0)
    # float32 sums in another order, through up to 53 layers; of the range of the logits
    assert np.abs(slim(images, training=False).numpy() - expected).max() <= 1e-4 * np.ptp(expected)
