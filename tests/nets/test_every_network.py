"""What holds for every network from the day it is registered; its names and numbers: test_goldens.py."""

import fnmatch
import gc
import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo.names import in_scopes
from slimzoo.registry import SEGMENTATION
from tests.networks import assert_close, assert_same, disturb, every_network, values

CLASSES, OTHER_CLASSES = 7, 5
SIZES = {  # pixels: small, for speed; the first pattern that matches. A network without a row: its own size
    "alexnet_v2": 195,  # the smallest that work
    "deeplab_*": 33,
    "fcn_*": 64,
    "inception_v1": 193,
    "inception_v2": 64,
    "inception_*": 107,
    "mobilenet_*": 64,
    "*nasnet_cifar": 32,
    "*nasnet_*": 67,
    "resnet_*": 33,
}
HEAVY = (  # 10 to 40 s each for the tests of this module: four minutes that the default run does not have
    *("alexnet_v2", "overfeat", "vgg_a"),  # 40 to 140 million values
    *("inception_v[234]", "nasnet_cifar", "nasnet_mobile", "pnasnet_mobile", "resnet_v2_50"),
    *("mobilenet_edgetpu_075", "mobilenet_v3_large", "mobilenet_v3_small_minimalistic"),
    "mobilenet_v2_035",  # mobilenet_v3_small: the same blocks and more
)
# To export is a trace for each signature, 4 to 9 s of these; it knows of no op, and smaller ones stay.
EXPORTED_BY_OTHERS = ("inception_v1", "mobilenet_v3_small", "resnet_v1_50")
FLATTENED = {"cifarnet": ("CifarNet/fc3",), "lenet": ("LeNet/fc3",)}  # their shapes follow the image size


class Made:
    """One network as a Model of CLASSES for small images, and three images."""

    def __init__(self, name):
        self.network = slimzoo.get_network(name)
        size = next((s for p, s in SIZES.items() if fnmatch.fnmatch(name, p)), self.network.image_size)
        self.model = slimzoo.Model(name, CLASSES, (size, size, self.network.channels))
        shape = (3, *self.model.input_shape[1:])
        self.images = np.random.RandomState(0).uniform(-1, 1, shape).astype(np.float32)
        self.logits = self.model.predict(self.images, verbose=0)


@pytest.fixture(scope="module", params=every_network(HEAVY))
def made(request):
    """The tests of this module run network by network, so that one is held at a time."""
    yield Made(request.param)
    gc.collect()


def test_logits_and_end_points_have_the_shapes_that_discovery_found(made):
    ends = made.model.end_points(made.images)
    known = made.model.discovery.end_points[False]
    assert {key: (None, *value.shape[1:]) for key, value in ends.items()} == known and list(ends) == list(
        known
    )
    per_image = made.images.shape[1:3] if made.network.task == SEGMENTATION else ()
    assert made.logits.shape == (3, *per_image, CLASSES) and np.isfinite(made.logits).all()
    one = made.model.end_points(made.images[:1])  # the same trace: its batch is unknown
    for key, value in ends.items():  # other sizes of products: float32 sums in another order
        assert_close(one[key], value[:1], 1e-4)


def test_the_graph_kept_from_discovery_gives_what_the_function_gives(made, monkeypatch):
    monkeypatch.setattr(made.model.discovery, "replay", None)
    again = tf.function(made.model.end_points, autograph=False)(tf.constant(made.images))
    monkeypatch.undo()
    for key, value in made.model.end_points(made.images).items():
        assert_close(value, again[key], 1e-5)  # the same ops, optimised in another graph


def test_variables_lie_in_the_scopes_that_the_registry_names(made):
    row, names = made.network, list(made.model.variables_by_name)
    assert set(row.heads) <= set(row.transfer_heads)
    for scope in (*row.heads, *row.transfer_heads, *row.auxiliary):
        assert any(in_scopes(name, [scope]) for name in names), scope


def test_gradients_flow_to_every_trainable_variable(made):
    model = made.model
    trained = {name: v.value for name, v in model.variables_by_name.items() if v.trainable}

    @tf.function(autograph=False)
    def gradients(images):
        with tf.GradientTape() as tape:
            ends = model.end_points(images, training=True)
            heads = [value for key, value in ends.items() if key.endswith("ogits")] or list(ends.values())[
                -1:
            ]
            noise = [tf.random.stateless_normal(tf.shape(head), (0, 1)) for head in heads]
            loss = tf.add_n([tf.reduce_sum(h * n) for h, n in zip(heads, noise, strict=True)])
        return tape.gradient(loss, trained)

    before = values(model)
    found = gradients(tf.constant(made.images))
    assert [name for name, gradient in found.items() if gradient is None] == []
    found = {name: np.asarray(gradient) for name, gradient in found.items()}
    assert [name for name, gradient in found.items() if not np.isfinite(gradient).all()] == []
    assert [name for name, gradient in found.items() if not gradient.any()] == []
    moved = {name for name, value in values(model).items() if not np.array_equal(value, before[name])}
    assert moved == set(before) - set(trained)  # the moving averages
    for name in moved:
        model.variables_by_name[name].assign(before[name])


@pytest.mark.parametrize(
    "policy",
    [
        "mixed_bfloat16",
        pytest.param(
            "mixed_float16",
            marks=pytest.mark.skipif(not tf.config.list_physical_devices("GPU"), reason="needs a GPU"),
        ),
    ],
)
def test_under_mixed_precision_logits_are_float32_and_near(made, policy):
    settings = {"initial_values": values(made.model), "dtype": policy}
    model = slimzoo.Model(made.network.name, CLASSES, made.model.input_shape[1:], **settings)
    logits = model(made.images)
    assert logits.dtype == tf.float32 and model.compute_dtype == policy.removeprefix("mixed_")
    assert {v.dtype for v in model.weights} == {"float32"}
    # bfloat16 keeps 8 bits: the deepest networks add up to 3 % of the largest logit.
    assert_close(logits, made.logits, 0.1)
    assert (logits.numpy() != made.logits).any()  # it did compute in half precision


def test_keras_files_bring_everything_back(made, tmp_path):
    model, before = made.model, values(made.model)
    model.save(tmp_path / "m.keras")
    model.save_weights(tmp_path / "m.weights.h5")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert again.get_config() == model.get_config()
    assert_same(values(again), before)
    disturb(again)
    again.load_weights(tmp_path / "m.weights.h5")
    assert_same(values(again), before)


def test_weights_load_under_another_head_and_at_another_image_size(made, tmp_path):
    row, before = made.network, values(made.model)
    _, height, width, channels = made.model.input_shape
    new = (*row.heads, *FLATTENED.get(row.name, ()))
    more = {"global_pool": True} if "global_pool" in inspect.signature(row.build).parameters else {}
    again = slimzoo.load(
        slimzoo.save(made.model, tmp_path / "m.safetensors"),
        num_classes=OTHER_CLASSES,
        input_shape=(height + 32, width + 32, channels),
        exclude=new,
        quiet=True,
        **more,
    )
    after = values(again)
    kept = {name for name, value in before.items() if np.array_equal(value, after[name])}
    assert list(after) == list(before)
    assert {name for name in before if not in_scopes(name, new)} <= kept
    assert {name for name in before if before[name].shape != after[name].shape} <= set(before) - kept
    for scope in row.heads:
        assert any(in_scopes(name, [scope]) for name in set(before) - kept), scope
    images = np.zeros((1, height + 32, width + 32, channels), np.float32)
    logits = again(images).numpy()
    per_image = images.shape[1:3] if row.task == SEGMENTATION else ()
    assert logits.shape == (1, *per_image, OTHER_CLASSES) and np.isfinite(logits).all()


@pytest.mark.parametrize("made", every_network((*HEAVY, *EXPORTED_BY_OTHERS)), indirect=True, scope="module")
def test_an_exported_network_gives_what_predict_gives(made, tmp_path):
    made.model.export(tmp_path / "saved", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "saved")
    assert_close(loaded.serve(made.images), made.logits, 1e-5)  # the same ops, optimised in another graph
