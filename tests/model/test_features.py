"""Backbones: which map stands at each reduction, with what channels, and that they train and travel."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import converters, slim
from slimzoo.errors import SlimzooError
from slimzoo.model.features import Level
from slimzoo.registry import get_network
from slimzoo.tracing.discovery import discover
from slimzoo.tracing.parts import resolve
from tests.networks import assert_close, disturb, every_network, values

SMALL = "mobilenet_v1_025"
SMALL_LEVELS = [  # Howard et al. 2017, table 1, a quarter of its channels
    Level("Conv2d_1_pointwise", 2, 16),
    Level("Conv2d_3_pointwise", 4, 32),
    Level("Conv2d_5_pointwise", 8, 64),
    Level("Conv2d_11_pointwise", 16, 128),
    Level("Conv2d_13_pointwise", 32, 256),
]


def images(*shape) -> np.ndarray:
    return np.random.RandomState(0).uniform(-1, 1, shape).astype(np.float32)


@pytest.fixture(scope="module")
def backbone():
    found = slimzoo.load(SMALL, features_only=True, input_shape=(64, 64, 3))
    disturb(found.model)
    return found


# Which maps.


def test_each_reduction_has_the_last_end_point_there(backbone):
    assert backbone.feature_info == SMALL_LEVELS
    maps = backbone(images(2, 64, 64, 3))
    assert [m.shape for m in maps] == [
        (2, 64 // r.reduction, 64 // r.reduction, r.channels) for r in SMALL_LEVELS
    ]
    ends = backbone.model.end_points(images(2, 64, 64, 3))
    for found, level in zip(maps, SMALL_LEVELS, strict=True):
        assert_close(found, ends[level.end_point], 1e-6)


@pytest.mark.parametrize(
    "name, arguments, expected",
    [
        ("lenet", {}, [("conv2", 2, 64), ("pool2", 4, 64)]),
        (
            "vgg_a",
            {"input_shape": (64, 64, 3), "fc_conv_padding": "SAME"},
            [
                ("vgg_a/conv2/conv2_1", 2, 128),
                ("vgg_a/conv3/conv3_2", 4, 256),
                ("vgg_a/conv4/conv4_2", 8, 512),
                ("vgg_a/conv5/conv5_2", 16, 512),
                ("vgg_a/pool5", 32, 512),
            ],
        ),
        (
            "resnet_v1_50",  # the stride is in a block's last unit, so a block ends one unit after its map
            {"input_shape": (None, None, 3)},
            [
                ("resnet_v1_50/conv1", 2, 64),
                ("resnet_v1_50/block1/unit_2/bottleneck_v1", 4, 256),
                ("resnet_v1_50/block2/unit_3/bottleneck_v1", 8, 512),
                ("resnet_v1_50/block3/unit_5/bottleneck_v1", 16, 1024),
                ("resnet_v1_50/block4", 32, 2048),
            ],
        ),
        (
            "resnet_v1_50",
            {"input_shape": (97, 65, 3), "output_stride": 8},
            [
                ("resnet_v1_50/conv1", 2, 64),
                ("resnet_v1_50/block1/unit_2/bottleneck_v1", 4, 256),
                ("resnet_v1_50/block4", 8, 2048),
            ],
        ),
        (
            "inception_v3",  # its smallest images: VALID padding leaves a single pixel of 75
            {"input_shape": (75, 75, 3)},
            [
                ("Conv2d_2b_3x3", 2, 64),
                ("Conv2d_4a_3x3", 4, 192),
                ("Mixed_5d", 8, 288),
                ("Mixed_6e", 16, 768),
                ("Mixed_7c", 32, 2048),
            ],
        ),
        (
            "inception_v3",  # a padded map of 3x3 is not taken in at once
            {"input_shape": (75, 75, 3), "zero_padded_pools": ["avg_pool"]},
            [
                ("Conv2d_2b_3x3", 2, 64),
                ("Conv2d_4a_3x3", 4, 192),
                ("Mixed_5d", 8, 288),
                ("Mixed_6e", 16, 768),
                ("Mixed_7c", 32, 2048),
            ],
        ),
        (
            "inception_v1",
            {"input_shape": (64, 64, 3), "data_format": "NCHW", "global_pool": True},
            [
                ("Conv2d_1a_7x7", 2, 64),
                ("Conv2d_2c_3x3", 4, 192),
                ("Mixed_3c", 8, 480),
                ("Mixed_4f", 16, 832),
                ("Mixed_5c", 32, 1024),
            ],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_levels_are_those_of_the_network_whatever_its_size_and_padding(name, arguments, expected):
    model = slimzoo.Model(name, 0, **arguments)
    assert model.backbone().feature_info == [Level(*row) for row in expected]


@pytest.mark.slow
@pytest.mark.parametrize("name", every_network())
def test_a_level_of_every_network_grows_by_a_pixel_for_as_many_pixels_as_its_reduction(name):
    network = get_network(name)
    smaller, larger = (
        slimzoo.Model(name, 0, (network.image_size + more, network.image_size + more, network.channels))
        for more in (0, 32)
    )
    ends, after = (model.discovery.mode(False).end_points for model in (smaller, larger))
    found = smaller.backbone().feature_info
    assert found
    assert [level.reduction for level in found] == sorted({2, 4, 8, 16, 32} & {lv.reduction for lv in found})
    for level in found:  # whatever its padding cuts off at the borders
        grown = np.subtract(after[level.end_point][1:], ends[level.end_point][1:]).tolist()
        assert grown == [32 // level.reduction, 32 // level.reduction, 0]
        assert ends[level.end_point][3] == level.channels


def test_levels_are_chosen_by_reduction_or_end_point(backbone):
    model = backbone.model
    assert model.backbone(16).feature_info == [SMALL_LEVELS[3]]
    assert model.backbone((32, 8)).feature_info == [SMALL_LEVELS[4], SMALL_LEVELS[2]]
    assert model.backbone(["Conv2d_12_depthwise", 4]).feature_info == [
        Level("Conv2d_12_depthwise", 32, 128),
        SMALL_LEVELS[1],
    ]
    assert slimzoo.load("lenet", features_only=True, levels=1).feature_info == [Level("conv1", 1, 32)]


def test_levels_that_are_not_there_are_answered_with_all_there_are(backbone):
    with pytest.raises(SlimzooError) as error:
        backbone.model.backbone([4, 64, "Conv2d_11", "AvgPool_1a"])
    for words in (
        "reduction 64",
        "'Conv2d_11'; nearest: ",
        "'AvgPool_1a'; nearest:",  # an end point, but pooled over the whole map
        "Reductions there are: 2 (Conv2d_1_pointwise), 4",
        "End points that are maps: Conv2d_0, Conv2d_1_depthwise",
    ):
        assert words in str(error.value)
    with pytest.raises(SlimzooError, match="there is none"):
        backbone.model.backbone([])
    with pytest.raises(SlimzooError, match="features_only=True"):
        slimzoo.load("lenet", levels=2)


def test_a_function_of_one_s_own_has_levels_too():
    def gated(images):
        net = slim.conv2d(images, 4, 3, stride=2, scope="down")
        gate = slim.conv2d(tf.reduce_mean(net, (1, 2), keepdims=True), 4, 1, scope="gate")
        end_points = {"gate": gate, "gated": net * gate}
        net = end_points["fine"] = slim.conv2d(net * gate, 5, 3, stride=2, rate=1, scope="fine")
        end_points["wide"] = slim.conv2d_transpose(net, 6, 3, stride=2, scope="wide")
        net = end_points["whole"] = slim.conv2d(net, 7, 4, padding="VALID", scope="whole")
        return slim.flatten(net), end_points

    found = slimzoo.Model(gated, input_shape=(16, 16, 3)).backbone()
    assert found.feature_info == [Level("wide", 2, 6), Level("fine", 4, 5)]


# Training, saving.


def test_a_backbone_trains_what_its_maps_need_and_nothing_else():
    found = slimzoo.load(SMALL, features_only=True, levels=[8, "Conv2d_5_depthwise"], input_shape=(32, 32, 3))
    assert "MobilenetV1/Conv2d_6_depthwise" in found.model.frozen
    maps = keras.layers.GlobalAveragePooling2D()(found(inputs := keras.Input((32, 32, 3)))[0])
    detector = keras.Model(inputs, keras.layers.Dense(2)(maps))
    detector.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = values(found.model)
    detector.fit(images(4, 32, 32, 3), np.arange(4) % 2, verbose=0)
    changed = {
        name.split("/")[1] for name, value in values(found.model).items() if (value != before[name]).any()
    }
    assert changed == {
        "Conv2d_0",
        *(f"Conv2d_{i}_{half}" for i in range(1, 6) for half in ("depthwise", "pointwise")),
    }


def test_freeze_holds_in_a_backbone(backbone):
    one = slimzoo.load("lenet", features_only=True)
    count = len(one.trainable_variables)
    one.model.freeze("LeNet/conv1")
    assert len(one.trainable_variables) == count - 2


def test_a_backbone_shares_its_variables_saves_loads_and_exports(backbone, tmp_path):
    expected = backbone(images(2, 64, 64, 3))
    assert {id(v) for v in backbone.weights} == {id(v) for v in backbone.model.weights}
    backbone.save(tmp_path / "b.keras")
    again = keras.models.load_model(tmp_path / "b.keras")
    assert again.feature_info == backbone.feature_info
    backbone.export(tmp_path / "saved", verbose=False)
    exported = tf.saved_model.load(tmp_path / "saved")  # kept: its variables go with it
    served = exported.serve(images(2, 64, 64, 3))
    for ours, loaded, from_export in zip(expected, again(images(2, 64, 64, 3)), served, strict=True):
        assert_close(loaded, ours, 1e-6)
        assert_close(from_export, ours, 1e-6)


def test_a_backbone_restores_weights_and_leaves_their_head_out(backbone, tmp_path):
    model = slimzoo.Model(SMALL, 5, (64, 64, 3))
    disturb(model)
    slimzoo.save(model, tmp_path / "m.safetensors")
    found = slimzoo.load(tmp_path / "m.safetensors", features_only=True, input_shape=(96, 96, 3), quiet=True)
    assert found.model.restore_report.unused == tuple(
        f"MobilenetV1/Logits/Conv2d_1c_1x1/{name}" for name in ("biases", "weights")
    )
    assert found.model.preprocess(np.zeros((2, 9, 9, 3), np.uint8)).shape[0] == 2
    assert_close(
        found(images(1, 96, 96, 3))[-1], model.features(images(1, 96, 96, 3), "Conv2d_13_pointwise"), 1e-6
    )


# Images of one channel.


@pytest.fixture(scope="module")
def colour(tmp_path_factory):
    model = slimzoo.Model(SMALL, 5, (64, 64, 3))
    disturb(model)
    path = tmp_path_factory.mktemp("colour") / "m.safetensors"
    return model, slimzoo.save(model, path)


@pytest.mark.parametrize("name", ["cifarnet", SMALL, "inception_v2", "resnet_v2_50", "vgg_a"])
def test_a_new_network_takes_images_of_one_channel(name):
    shape = (64, 64, 1)
    settings = {"fc_conv_padding": "SAME", "global_pool": True} if name == "vgg_a" else {}
    settings |= {"global_pool": True} if name == "inception_v2" else {}
    model = slimzoo.load(name, input_shape=shape, num_classes=3, **settings)
    assert model(images(2, *shape)).shape == (2, 3)
    assert model.preprocessing.channel_order == "GRAY"
    assert model.preprocess(np.zeros((1, 70, 70, 3), np.uint8)).shape == (1, *shape)


def test_colour_weights_are_summed_when_asked_and_see_gray_as_before(colour):
    model, path = colour
    gray = slimzoo.load(path, input_shape=(64, 64, 1), sum_rgb=True)
    shades = images(2, 64, 64, 1)
    assert_close(gray(shades), model(np.repeat(shades, 3, axis=3)), 1e-5)  # the order of three sums differs
    assert gray.preprocessing.channel_order == "GRAY"
    assert gray.restore_report.fraction == 1


def test_colour_weights_for_one_channel_say_what_can_be_done(colour):
    with pytest.raises(SlimzooError) as error:
        slimzoo.load(colour[1], input_shape=(64, 64, 1))
    for words in ("[3, 3, 3, 8]", "sum_rgb=True", "MobilenetV1/Conv2d_0/weights", "grayscale_to_rgb"):
        assert words in str(error.value)
    with pytest.raises(SlimzooError, match="sum_rgb is for weights of colour images"):
        slimzoo.load(colour[1], input_shape=(64, 64, 3), sum_rgb=True)


def test_a_separable_first_convolution_cannot_be_summed(tmp_path):
    from slimzoo.tracing.parts import network_shapes

    arrays = {name: np.zeros(shape, np.float32) for name, shape in network_shapes("inception_v2", 3).items()}
    converters.write_safetensors(tmp_path / "m.safetensors", arrays)
    for asked in (False, True):
        with pytest.raises(SlimzooError, match=r"half of a separable convolution.*grayscale_to_rgb"):
            slimzoo.load(
                "inception_v2", weights=tmp_path / "m.safetensors", input_shape=(224, 224, 1), sum_rgb=asked
            )


# New heads.


@pytest.mark.parametrize(
    "name, heads",
    [
        ("inception_v3", ("InceptionV3/Logits/Conv2d_1c_1x1", "InceptionV3/AuxLogits/Conv2d_2b_1x1")),
        pytest.param(  # this one and the next take 4 and 5 s; inception_v3 has as many heads
            *("inception_v4", ("InceptionV4/Logits/Logits", "InceptionV4/AuxLogits/Aux_logits")),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *(
                "inception_resnet_v2",
                ("InceptionResnetV2/Logits/Logits", "InceptionResnetV2/AuxLogits/Logits"),
            ),
            marks=pytest.mark.slow,
        ),
        ("resnet_v2_50", ("resnet_v2_50/logits",)),
        ("nasnet_cifar", ("final_layer/FC", "aux_11/aux_logits/FC")),
    ],
)
def test_another_number_of_classes_makes_the_heads_new_auxiliary_ones_too(name, heads, tmp_path):
    shape = {"nasnet_cifar": (32, 32, 3), "resnet_v2_50": (64, 64, 3)}.get(name, (107, 107, 3))
    parts = resolve(name, 5, shape, None, "NHWC", {})
    found = discover(parts.run, shape, tf.float32, parts.modes)
    there = {spec.name: spec.shape for spec in found.variables.values()}
    arrays = {variable: np.full(size, 0.5, np.float32) for variable, size in there.items()}
    converters.write_safetensors(tmp_path / "m.safetensors", arrays)
    weights = tmp_path / "m.safetensors"
    model = slimzoo.load(name, weights=weights, num_classes=7, input_shape=shape, quiet=True)
    new = set(model.restore_report.reinitialised)
    network = slimzoo.get_network(name)
    assert new == {v for v in there if v.startswith(tuple(f"{scope}/" for scope in network.heads))}
    last = {v for v, size in model.variable_shapes().items() if size != there[v]}
    assert {v.rpartition("/")[0] for v in last} == set(heads)
    assert all(model.variable_shapes()[v][-1] == 7 for v in last)
    assert (model.variables_by_name[next(iter(there))].numpy() == 0.5).all()
    assert not (model.variables_by_name[f"{heads[-1]}/weights"].numpy() == 0.5).any()
    auxiliary = model.discovery.mode(True).end_points.get("AuxLogits")
    assert auxiliary == ((None, 7) if len(network.heads) > 1 else None)
