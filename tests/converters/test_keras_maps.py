"""keras.applications and slim: every twin, with random weights, computes the same from the same tensors."""

import keras
import numpy as np
import pytest

import slimzoo
from slimzoo import converters
from slimzoo.converters.formats import keras_h5
from slimzoo.converters.formats.watch import Watch
from slimzoo.converters.name_maps import fitting, get_name_map
from slimzoo.converters.name_maps.keras import NETWORKS
from slimzoo.errors import SlimzooError
from slimzoo.parity.keras import TWINS
from slimzoo.tracing.parts import network_shapes
from tests.converters.keras_twins import (
    CLASSES,
    build,
    images,
    keras_images,
    randomise,
    side_of,
    slim_model,
    source,
    weights_of,
)

# float32 sums in another order, through up to 500 layers; of the range of the logits
TOLERANCE = 1e-4
QUICK = {  # the others are slow: larger ones of these families; VGG, Inception-ResNet and NASNet
    *("resnet_v1_50", "resnet_v2_50", "inception_v3"),
    *("mobilenet_v1_025", "mobilenet_v2_035", "mobilenet_v3_small", "mobilenet_v3_small_minimalistic"),
}
RESNETS = {"resnet_v1_50", "resnet_v2_50"}  # their logits tell; to write and read them too takes 4 s each


def every(quick):
    """Returns the networks as parameters of a test, slow but for `quick`."""
    return [pytest.param(n, marks=() if n in quick else pytest.mark.slow) for n in TWINS]


def arrays_of(network, seed=2):
    """Random variables of `network` as slim has them, without those that Keras has not."""
    random = np.random.RandomState(seed)
    absent = get_name_map("keras", network).absent
    shapes = network_shapes(network, CLASSES)
    kept = {name: shape for name, shape in shapes.items() if not name.startswith(absent)}
    return {name: random.standard_normal(shape).astype(np.float32) for name, shape in kept.items()}


def assert_equal(found, expected):
    """Bit by bit, names and types too."""
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape, name
        assert found[name].tobytes() == array.tobytes(), name


def written(path, arrays, network):
    """Writes slim's `arrays` as Keras's `.weights.h5` and returns its path."""
    theirs = get_name_map("keras", network).to_theirs(source(arrays))
    keras_h5.write(path, theirs, Watch(), metadata={"network": network})
    return path


def test_there_is_a_map_for_every_twin():
    assert set(NETWORKS) == set(TWINS)


@pytest.mark.parametrize("network", every(QUICK))
def test_the_logits_are_the_twins_with_the_arguments_of_the_map_and_others_without(network):
    model = randomise(build(network))
    name_map, ours = get_name_map("keras", network), images(network)
    arrays = name_map.apply(source(weights_of(model)))
    found = slim_model(network, arrays, **name_map.arguments)(ours, training=False).numpy()
    theirs = model(keras_images(network, ours), training=False).numpy()
    assert np.ptp(theirs, axis=0).max() > 0.02 * np.ptp(theirs)  # the logits are of the images, not of biases
    assert np.abs(found - theirs).max() <= TOLERANCE * np.ptp(theirs)
    if network in ("resnet_v2_50", "mobilenet_v3_small"):
        without = slim_model(network, arrays)(ours, training=False).numpy()
        # more than rounding gives, the least of which is of the gates
        assert np.abs(without - theirs).max() > 1e-5 * np.ptp(theirs)


@pytest.mark.parametrize("network", every(QUICK - RESNETS))
def test_what_is_written_loads_into_the_twin_and_comes_back_bit_by_bit(tmp_path, network):
    arrays = arrays_of(network)
    path = written(tmp_path / "x.weights.h5", arrays, network)
    model = build(network)
    model.load_weights(path)
    name_map = get_name_map("keras", network)
    assert_equal(weights_of(model), name_map.to_theirs(source(arrays)))
    assert_equal(name_map.apply(converters.read(path)), arrays)
    assert_equal(name_map.apply(source(weights_of(model))), arrays)


@pytest.mark.parametrize(  # numbered layers of the others are read by the next test
    "network",
    [
        "mobilenet_v2_035",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("inception_v3", "resnet_v1_50")),
    ],
)
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
def test_every_file_that_keras_writes_is_read(tmp_path, network):
    model = build(network)
    for file in ("m.h5", "m.weights.h5", "m.keras"):
        (model.save_weights if file == "m.weights.h5" else model.save)(tmp_path / file)
        found = converters.read(tmp_path / file)
        assert_equal(found, weights_of(model))
        assert fitting(found, network).names == get_name_map("keras", network).names, file


def test_layers_that_keras_numbered_otherwise_are_matched_by_their_order(tmp_path):
    build("inception_v3")
    side = side_of("inception_v3")
    second = keras.applications.InceptionV3(
        weights=None, classes=CLASSES, input_shape=(side, side, 3)
    )  # conv2d_94 is its first
    arrays = weights_of(second)
    assert "conv2d_94/kernel" in arrays and "conv2d/kernel" not in arrays
    second.save_weights(tmp_path / "m.weights.h5")
    name_map = get_name_map("keras", "inception_v3")
    file = converters.read(tmp_path / "m.weights.h5")
    found = name_map.apply(file)
    assert str(fitting(file, "inception_v3")) == "keras/inception_v3, by the order of layers"
    first = build("inception_v3")
    first.load_weights(tmp_path / "m.weights.h5")
    assert_equal(found, name_map.apply(source(weights_of(first))))


def test_layers_of_other_names_are_matched_by_their_order_and_others_are_not():
    arrays = weights_of(build("resnet_v2_50"))
    renamed = {name.replace("predictions/", "probs/"): array for name, array in arrays.items()}
    fitted = fitting(source(renamed), "resnet_v2_50")
    assert fitted.by_order and fitted.rows[-1].theirs == ("probs/bias",)
    assert_equal(fitted.apply(source(renamed)), get_name_map("keras", "resnet_v2_50").apply(source(arrays)))
    del renamed["post_bn/gamma"]
    assert fitting(source(renamed), "resnet_v2_50") is None
    with pytest.raises(
        SlimzooError, match=r"no row for the tensor probs(.|\n)*no tensor for the row post_bn"
    ):
        get_name_map("keras", "resnet_v2_50").apply(source(renamed))


@pytest.mark.parametrize("network", ["mobilenet_v1_025", "mobilenet_v3_small", "resnet_v1_50"])
def test_a_model_without_its_top_is_the_network_without_its_head(network):
    arrays = weights_of(build(network, top=False))
    fitted = fitting(source(arrays), network)
    found = get_name_map("keras", network).apply(source(arrays))
    rest = network_shapes(network, CLASSES).keys() - set(found)
    assert rest and all(name.startswith(fitted.absent) for name in rest)
    back = get_name_map("keras", network).to_theirs(found)
    assert set(back) == set(arrays)


def test_biases_before_a_batch_norm_go_into_its_mean_and_come_back_as_zeros():
    model = build("resnet_v1_50")
    arrays = weights_of(model)
    arrays |= {"conv1_conv/bias": np.full(64, 3, np.float32), "conv1_bn/moving_mean": np.ones(64, np.float32)}
    name_map = get_name_map("keras", "resnet_v1_50")
    found = name_map.apply(source(arrays))
    assert np.all(found["resnet_v1_50/conv1/BatchNorm/moving_mean"] == -2)
    back = name_map.to_theirs(found)
    assert np.all(back["conv1_conv/bias"] == 0) and np.all(back["conv1_bn/moving_mean"] == -2)
    np.testing.assert_array_equal(
        found["resnet_v1_50/conv1/weights"], arrays["conv1_conv/kernel"][:, :, ::-1]
    )


def test_the_first_dense_layer_of_vgg_sees_the_map_row_by_row():
    name_map = get_name_map("keras", "vgg_16")
    kernel = np.arange(25088, dtype=np.float32)[:, None] * np.ones(4096, np.float32)
    (row,) = [row for row in name_map.rows if row.theirs == ("fc1/kernel",)]
    (ours,) = row.how.forward(kernel)
    assert ours.shape == (7, 7, 512, 4096)
    assert [ours[0, 0, 1, 0], ours[0, 1, 0, 0], ours[1, 0, 0, 0]] == [1, 512, 7 * 512]


def test_keras_own_file_is_the_released_frozen_graph_bit_by_bit(shared):
    real = shared / "checkpoints" / "real"
    theirs = converters.read(real / "keras_mobilenet_0.25_224_notop.h5")
    graph = converters.read(real / "mobilenet_v1_0.25_224_frozen.pb")
    found = fitting(theirs, "mobilenet_v1_025").apply(theirs)
    assert set(graph) - set(found) == {f"MobilenetV1/Logits/Conv2d_1c_1x1/{v}" for v in ("weights", "biases")}
    assert_equal(found, {name: graph[name] for name in found})


def test_layers_stand_in_the_order_of_keras_own_model():
    """By which `.weights.h5` numbers them: of a network with branches, each class for itself."""
    model = build("nasnet_mobile")
    kinds = {
        keras.layers.Conv2D: "/kernel",
        keras.layers.BatchNormalization: "/gamma",
        keras.layers.SeparableConv2D: "/pointwise_kernel",
    }
    names = list(get_name_map("keras", "nasnet_mobile").names)
    for kind, end in kinds.items():
        theirs = [layer.name for layer in model.layers if type(layer) is kind]
        ours = [name.removesuffix(end) for name in names if name.endswith(end)]
        assert [name for name in ours if name != "predictions"] == theirs


def test_a_file_without_its_top_converts_to_the_network_without_its_head(tmp_path):
    model = randomise(build("mobilenet_v1_025", top=False))
    model.save_weights(tmp_path / "notop.weights.h5")
    out = tmp_path / "m.safetensors"
    report = converters.convert(tmp_path / "notop.weights.h5", out, network="mobilenet_v1_025")
    assert report.metadata["num_classes"] == "0"
    assert set(converters.read(out)) == set(network_shapes("mobilenet_v1_025", 0))


def test_images_of_any_size_get_the_padding_of_keras():
    """Of images of 100 pixels, MobileNet v1 makes a map of 25, an odd number, which it pads otherwise."""
    keras.utils.set_random_seed(0)
    twin = keras.applications.MobileNet((100, 100, 3), alpha=0.25, include_top=False, weights=None)
    theirs, ours = randomise(twin), np.random.RandomState(1).uniform(-1, 1, (2, 100, 100, 3))
    name_map = get_name_map("keras", "mobilenet_v1_025").without_top()
    values = dict(name_map.apply(source(weights_of(theirs))))
    model = slimzoo.Model("mobilenet_v1_025", 0, (100, 100, 3), initial_values=values, **name_map.arguments)
    found = model.end_points(ours.astype(np.float32))["Conv2d_13_pointwise"]
    expected = theirs(ours, training=False)
    assert found.shape == expected.shape == (2, 3, 3, 256)
    assert np.abs(found - expected).max() <= TOLERANCE * np.ptp(expected)
