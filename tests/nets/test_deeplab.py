"""What DeepLab and FCN take and refuse; their numbers: test_dense_goldens.py."""

import inspect
from dataclasses import fields

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo.errors import SlimzooError
from slimzoo.nets import deeplab, fcn
from slimzoo.nets.deeplab_backbones import BACKBONES
from slimzoo.nets.deeplab_options import DENSE_PREDICTION_CELL, Options

SMALL = {"model_variant": "mobilenet_v1", "depth_multiplier": 0.25, "aspp_convs_filters": 8}


def built(size=33, num_classes=3, is_training=False, **options):
    """The logits, end points and variables of a small DeepLab, without numbers."""
    with tf.Graph().as_default() as graph:
        images = tf.compat.v1.placeholder(tf.float32, (2, size, size, 3))
        logits, ends = deeplab.deeplab(images, num_classes, is_training, **{**SMALL, **options})
        variables = {v.op.name: v.shape.as_list() for v in graph.get_collection("variables")}
    return logits, ends, variables


@pytest.fixture(scope="module")
def model():
    return slimzoo.Model("deeplab_v3_mobilenet_v1_025", 3, (33, 33, 3), aspp_convs_filters=8)


def test_logits_are_as_large_as_the_images_whatever_their_size(model):
    assert model.task == "segmentation"
    for height, width in ((33, 33), (40, 23)):
        images = np.random.RandomState(0).uniform(-1, 1, (2, height, width, 3)).astype(np.float32)
        assert model(images).shape == (2, height, width, 3)
    anything = slimzoo.Model("deeplab_v3_mobilenet_v1_025", 3, (None, None, 3), aspp_convs_filters=8)
    images = np.random.RandomState(0).uniform(-1, 1, (1, 40, 23, 3)).astype(np.float32)
    anything.set_weights(model.get_weights())
    # A mean over the map in place of a pooling: float32 sums in another order.
    np.testing.assert_allclose(anything(images), model(images), atol=1e-5)


def test_nchw_gives_the_same_logits(model):
    other = slimzoo.Model(
        "deeplab_v3_mobilenet_v1_025", 3, (33, 33, 3), aspp_convs_filters=8, data_format="NCHW"
    )
    other.set_weights(model.get_weights())
    images = np.random.RandomState(0).uniform(-1, 1, (2, 33, 33, 3)).astype(np.float32)
    largest = np.abs(model(images)).max()
    np.testing.assert_allclose(other(images), model(images), atol=1e-4 * largest)  # other kernels


def test_every_option_is_an_argument_of_every_deeplab():
    options = [field.name for field in fields(Options) if field.name != "model_variant"]
    for name in deeplab.ROWS:
        takes = list(inspect.signature(slimzoo.get_network(name).build).parameters)
        assert takes == ["images", "num_classes", "is_training", *options], name
    assert {row["model_variant"] for row in deeplab.ROWS.values()} == set(BACKBONES)


def test_heads_follow_the_options():
    _, ends, names = built(atrous_rates=[1, 2], aspp_with_separable_conv=False)
    assert names["aspp2/weights"] == [3, 3, 256, 8] and ends["aspp2"].shape[1:] == (3, 3, 8)
    _, _, names = built(add_image_level_feature=False, aspp_with_concat_projection=False)
    assert not any(name.startswith(("image_pooling", "concat_projection")) for name in names)
    _, _, names = built(aspp_with_batch_norm=False, atrous_rates=[1, 2], logits_kernel_size=3)
    assert names["logits/semantic_1/weights"] == [3, 3, 256, 3] and "aspp0/weights" not in names
    _, ends, names = built(decoder_output_stride=4, decoder_use_separable_conv=False, decoder_filters=7)
    assert names["decoder/decoder_conv0/decoder_conv0_2/weights"] == [3, 3, 7, 7]
    assert ends["logits"].shape[1:] == (9, 9, 3)
    _, _, names = built(decoder_output_stride=(8, 4), decoder_use_sum_merge=True, decoder_filters=7)
    assert {"decoder/decoder_split_sep_conv0_1_pointwise/weights"} <= names.keys()
    _, ends, names = built(dense_prediction_cell_config=DENSE_PREDICTION_CELL)
    assert names["meta_architecture/branch4_pointwise/weights"] == [1, 1, 256, 256]
    assert "meta_architecture/branch4_depthwise/BatchNorm/gamma" in names
    assert ends["aspp_features"].shape[-1] == 256


def test_without_classes_the_input_of_the_last_layer_comes_out():
    features, ends, names = built(num_classes=None)
    assert features.shape[1:] == (3, 3, 8) and not any(name.startswith("logits") for name in names)
    assert "logits" not in ends


def test_the_weights_of_a_classifier_begin_it_and_its_heads_are_new(tmp_path, caplog):
    trained = slimzoo.Model("mobilenet_v1_025", 5, (33, 33, 3))
    file = slimzoo.save(trained, tmp_path / "classifier.safetensors")
    found = slimzoo.load("deeplab_v3_mobilenet_v1_025", weights=file, num_classes=3, size=33)
    report, values = found.restore_report, trained.variables_by_name
    assert set(report.restored) == {name for name in values if "/Logits/" not in name}
    assert all(name.startswith("MobilenetV1/Logits/") for name in report.unused) and len(report.unused) == 2
    assert found.preprocessing.kind == "deeplab" and found.labels is None
    for name in report.restored:
        np.testing.assert_array_equal(found.variables_by_name[name], values[name])
    assert "without image_pooling, aspp0, concat_projection, logits: new here" in caplog.text
    with pytest.raises(SlimzooError, match="num_classes=N makes a new one"):
        slimzoo.load("deeplab_v3_mobilenet_v1_025", weights=file, size=33)


def test_scales_of_a_pyramid_share_their_variables_and_merge():
    _, _, once = built()
    logits, ends, names = built(size=65, image_pyramid=[0.5, 1.0])
    assert names == once and logits.shape[1:] == (65, 65, 3)
    assert {"logits_0.50", "logits_1.00", "logits"} <= ends.keys()


@pytest.mark.parametrize(
    "options, words",
    [
        ({"output_stride": 4}, "output_stride is 4; allowed are 8, 16, 32"),
        ({"crop_size": (65, 65)}, r"crop_size is \(65, 65\), and the images have 33x33 pixels"),
        ({"decoder_output_stride": 2}, "decoder_output_stride is 2; allowed are 4, 8, 16"),
        ({"decoder_output_stride": (4, 8)}, r"from coarse to fine, as \[8, 4\]"),
        ({"decoder_output_is_logits": True}, "decoder_output_is_logits wants a decoder"),
        ({"merge_method": "sum"}, "merge_method is 'sum'; allowed are max, avg"),
        ({"logits_kernel_size": 3}, "logits_kernel_size is 3; it is 1"),
        (
            {"model_variant": "mobilenet"},
            "model_variant is 'mobilenet'; there are mobilenet_v1, mobilenet_v2",
        ),
        (
            {"model_variant": "mobilenet_edgetpu", "decoder_output_stride": 4},
            "allowed are none: it has no decoder",
        ),
        ({"model_variant": "resnet_v1_50", "multi_grid": [1, 2]}, "ResNet-50 takes 3 rates"),
        ({"model_variant": "xception_41", "multi_grid": [1]}, "Xception takes three rates"),
        (
            {"dense_prediction_cell_config": DENSE_PREDICTION_CELL, "output_stride": 32},
            "a dense prediction cell wants output_stride 8 or 16",
        ),
        (
            {"dense_prediction_cell_config": [{"op": "pool", "input": -1}]},
            "op is 'pool'; allowed are conv, pyramid_pooling",
        ),
    ],
)
def test_options_that_do_not_fit_are_named_with_those_that_do(options, words):
    with pytest.raises(ValueError, match=words):
        built(**options)


def test_an_fcn_wants_sides_that_are_multiples_of_32_where_it_adds_maps():
    with tf.Graph().as_default():
        images = tf.compat.v1.placeholder(tf.float32, (1, 48, 64, 3))
        with pytest.raises(
            ValueError, match="fcn_8s: the images are 48x64 pixels; both sides are multiples of 32"
        ):
            fcn.fcn_8s(images, 3)
        logits, ends = fcn.fcn_32s(images, 3)  # 32 times its map, then as large as the images
        assert logits.shape == (1, 48, 64, 3) and ends["fcn_32s/conv2d_transpose"].shape == (1, 32, 64, 3)


def test_the_kernel_of_an_enlargement_is_a_tent_for_each_channel():
    kernel = fcn.bilinear_kernel(2, 3)
    tent = np.array([0.25, 0.75, 0.75, 0.25])
    np.testing.assert_allclose(kernel[:, :, 1, 1], np.outer(tent, tent))
    assert kernel.shape == (4, 4, 3, 3) and not kernel[:, :, 0, 1].any()
