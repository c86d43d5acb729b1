"""Weights into which batch norm was folded come back as those of a network, with the outputs they had."""

import tarfile

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import converters, registry, slim
from slimzoo.converters.formats import frozen_graph, tflite_graph
from slimzoo.errors import SlimzooError

IMAGES = np.random.RandomState(0).uniform(-1, 1, (4, 16, 16, 3)).astype(np.float32)
NETWORK = "folded_little"


def build(images, num_classes=5, is_training=False):
    """Batch norm with and without gamma, branches of equal shape, a sum, batch norm alone, a hard swish."""
    averages = {"is_training": is_training}
    normalised = {"normalizer_fn": slim.batch_norm, "normalizer_params": averages}
    with slim.arg_scope([slim.conv2d, slim.separable_conv2d], **normalised):
        net = slim.conv2d(images, 8, 3, stride=2, scope="Folded/stem")
        left = slim.conv2d(net, 8, 1, scope="Folded/left")
        right = slim.conv2d(net, 8, 1, normalizer_params={**averages, "scale": True}, scope="Folded/right")
        wide = slim.separable_conv2d(net, 8, 3, depth_multiplier=2, scope="Folded/wide")
        net = tf.concat([left, right, wide], 3)
        net = net + 0.3 * slim.conv2d(net, 24, 1, activation_fn=None, scope="Folded/residual")
    net = slim.batch_norm(net, scale=True, is_training=is_training, scope="Folded/preact")
    net = net * tf.nn.relu6(net + 3.0) * (1 / 6)
    net = slim.conv2d(net, 6, 1, normalizer_fn=None, scope="Folded/features")
    net = tf.reduce_mean(net, [1, 2], keepdims=True)
    if not num_classes:
        return net, {}
    return tf.squeeze(slim.conv2d(net, num_classes, 1, activation_fn=None, scope="Folded/logits"), [1, 2]), {}


@pytest.fixture(scope="module", autouse=True)
def network():
    """The network above, registered while this module runs."""
    row = slimzoo.Network(
        name=NETWORK,
        build=build,
        arg_scope=lambda weight_decay=0.0: {},
        image_size=16,
        num_classes=5,
        channels=3,
        heads=("Folded/logits",),
        transfer_heads=("Folded/logits",),
        preprocessing="inception",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry._NETWORKS, NETWORK, row)
        yield row


def new_model(**arguments):
    """The network, with averages and scales as training leaves them."""
    model, random = slimzoo.load(NETWORK, **arguments), np.random.RandomState(1)
    for name, variable in model.variables_by_name.items():
        if name.endswith(("gamma", "moving_variance")):
            variable.assign(random.uniform(0.5, 2, variable.shape))
        elif name.endswith(("beta", "moving_mean", "biases")):
            variable.assign(random.uniform(-1, 1, variable.shape))
    return model


def to_tflite(path, function, images=None, **settings):
    """Writes `function` of images as TensorFlow Lite; with `images`, in 8 bits throughout."""
    spec = tf.TensorSpec([1, *IMAGES.shape[1:]])
    concrete = tf.function(function, input_signature=[spec], autograph=False).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    for name, value in settings.items():
        setattr(converter, name, value)
    if images is not None:
        converter.representative_dataset = lambda: ([image[None]] for image in images)
    path.write_bytes(converter.convert())
    return path


@pytest.fixture(scope="module")
def model():
    return new_model()


@pytest.fixture(scope="module")
def tflite(model, tmp_path_factory):
    return to_tflite(tmp_path_factory.mktemp("tflite") / "x.tflite", model)


def same(found, expected):
    # float32: batch norm is multiplied in and divided out, layer by layer
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_a_tflite_model_comes_back_with_the_logits_it_had_and_nothing_to_say(model, tflite, caplog):
    found = slimzoo.load(NETWORK, weights=tflite)
    assert not caplog.text
    same(found(IMAGES), model(IMAGES))
    assert found.num_classes == 5 and not found.restore_report.missing
    assert set(found.variables_by_name) == set(model.variables_by_name)


def test_what_is_converted_is_what_is_loaded(model, tflite, tmp_path):
    report = converters.convert(tflite, tmp_path / "y.safetensors", network=NETWORK)
    same(slimzoo.load(tmp_path / "y.safetensors")(IMAGES), model(IMAGES))
    assert report.metadata["num_classes"] == "5" and "folded" not in report.metadata


@pytest.mark.parametrize("throughout", [False, True])
def test_weights_of_8_bits_come_back_rounded_and_that_is_said(model, tmp_path, caplog, throughout):
    images = IMAGES if throughout else None
    path = to_tflite(tmp_path / "x.tflite", model, images, optimizations=[tf.lite.Optimize.DEFAULT])
    found, expected = slimzoo.load(NETWORK, weights=path)(IMAGES), model(IMAGES)
    # kernels of 8 bits are off by up to 1/254 of their largest value; the layers add that up
    assert np.max(np.abs(found - expected)) < 0.05 * np.max(np.abs(expected))
    if throughout:  # the converter leaves kernels of few values as they are
        assert "its weights were rounded" in caplog.text


def test_weights_of_16_bits_come_back(model, tmp_path):
    path = to_tflite(
        tmp_path / "x.tflite",
        model,
        optimizations=[tf.lite.Optimize.DEFAULT],
        target_spec=tf.lite.TargetSpec(supported_types=[tf.float16]),
    )
    found = slimzoo.load(NETWORK, weights=path)(IMAGES)
    np.testing.assert_allclose(found, model(IMAGES), rtol=1e-2, atol=1e-2)  # float16 has 11 bits


def test_a_model_in_an_archive_comes_back(model, tflite, tmp_path):
    with tarfile.open(tmp_path / "x.tgz", "w:gz") as archive:
        archive.add(tflite, "model/x.tflite")
    same(slimzoo.load(NETWORK, weights=tmp_path / "x.tgz")(IMAGES), model(IMAGES))


def test_a_file_without_a_head_gives_a_new_one(tmp_path, caplog):
    headless = new_model(num_classes=0)
    path = to_tflite(tmp_path / "x.tflite", headless)
    found = slimzoo.load(NETWORK, weights=path, num_classes=7)
    assert found.num_classes == 7 and "Folded/logits: new here" in caplog.text
    same(slimzoo.load(NETWORK, weights=path, num_classes=0)(IMAGES), headless(IMAGES))
    report = converters.convert(path, tmp_path / "y.npz", network=NETWORK)
    assert report.metadata["num_classes"] == "0"


def test_what_another_task_adds_behind_the_features_is_no_head_and_said(model, tmp_path, caplog):
    more = tf.constant(np.random.RandomState(2).randn(1, 1, 5, 4).astype(np.float32))

    def detector(images):
        return tf.nn.conv2d(tf.reshape(model(images), [1, 1, 1, 5]), more, 1, "SAME")

    path = to_tflite(tmp_path / "x.tflite", detector)
    with pytest.raises(SlimzooError, match="is without the last layer of folded_little"):
        slimzoo.load(NETWORK, weights=path)
    assert "left out are its last 2 layers, from " in caplog.text


def test_a_function_in_place_of_the_networks_is_said(model, tmp_path, caplog):
    path = to_tflite(tmp_path / "x.tflite", lambda images: tf.nn.relu6(model(images)))
    slimzoo.load(NETWORK, weights=path)
    assert "1 of its layers are followed by relu6, those of folded_little by nothing" in caplog.text


def test_another_network_is_refused_with_the_first_difference(tflite):
    with pytest.raises(
        SlimzooError, match=r"x\.tflite: its layers are not those of lenet: 9 there, 4 here, and"
    ):
        slimzoo.load("lenet", weights=tflite)


def test_a_graph_that_preprocesses_its_images_is_said(model, tmp_path, caplog):
    scaled = to_tflite(tmp_path / "x.tflite", lambda images: model((images - 127.5) / 127.5))
    slimzoo.load(NETWORK, weights=scaled)
    assert "computes with its images before its first kernel" in caplog.text


@pytest.mark.parametrize("form", ["tflite", "graph"])
def test_a_damaged_file_has_other_layers_or_is_refused(model, tflite, tmp_path, form):
    values = {name: variable.numpy() for name, variable in model.variables_by_name.items()}
    whole = tflite if form == "tflite" else frozen(tmp_path / "g.pb", values, True)
    read = tflite_graph.layers if form == "tflite" else frozen_graph.layers
    content, path, random = whole.read_bytes(), tmp_path / "damaged", np.random.RandomState(0)
    refused = 0
    for _ in range(150):
        changed = bytearray(content)
        for at in random.randint(8, len(content), 40):
            changed[at] = random.randint(256)
        path.write_bytes(changed)
        try:
            assert all(str(layer) for layer in read(path))
        except SlimzooError as error:
            refused += 1
            assert "damaged" in str(error)
    assert refused


def frozen(path, values, folded, codes=()):
    """Writes the graph with constants in place of variables, their names not slim's.

    codes: {name: of 8 bits, the lowest value, the highest} of those that are kept so.
    """

    def constant(getter, name, **kwargs):
        del getter, kwargs
        if name in codes:
            bits, *span = codes[name]
            return tf.quantization.dequantize(tf.constant(bits, tf.quint8), *span, mode="MIN_COMBINED")
        return tf.constant(values[name], name=name if not folded else f"c{list(values).index(name)}")

    with tf.Graph().as_default() as graph:
        images = tf.compat.v1.placeholder(tf.float32, [1, 16, 16, 3])
        with tf.compat.v1.variable_scope("", custom_getter=constant):
            build(images)
        path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


@pytest.mark.parametrize("folded", [True, False])
def test_a_graph_of_constants_comes_back_whatever_their_names(model, tmp_path, folded):
    values = {name: variable.numpy() for name, variable in model.variables_by_name.items()}
    path = frozen(tmp_path / "g.pb", values, folded)
    assert ("folded" in converters.read(path).metadata) == folded
    same(slimzoo.load(NETWORK, weights=path)(IMAGES), model(IMAGES))


def test_a_graph_of_kernels_in_8_bits_comes_back_rounded_and_that_is_said(tmp_path, caplog):
    model, codes = new_model(), {}
    for name, variable in model.variables_by_name.items():
        if len(variable.shape) == 4:
            values = variable.numpy()
            step = np.ptp(values) / 255
            whole = np.round((values - values.min()) / step)
            variable.assign(whole * step + values.min())
            with tf.Graph().as_default(), tf.compat.v1.Session() as session:
                bits = session.run(tf.cast(whole.astype(np.int32), tf.quint8))
            codes[name] = (bits, values.min(), values.max())
    values = {name: variable.numpy() for name, variable in model.variables_by_name.items()}
    path = frozen(tmp_path / "g.pb", values, True, codes)
    same(slimzoo.load(NETWORK, weights=path)(IMAGES), model(IMAGES))
    assert f"its weights were rounded, {len(codes)} tensors" in caplog.text


def test_the_real_quantised_mobilenet_classifies_as_its_own_graph_does(shared):
    path = shared / "checkpoints" / "real" / "mobilenet_v1_0.25_128_quant.tflite"
    network = slimzoo.load("mobilenet_v1_025", weights=path)
    interpreter = tf.lite.Interpreter(str(path))
    interpreter.allocate_tensors()
    images = sorted((shared / "voc" / "VOCdevkit" / "VOC2012" / "JPEGImages").glob("*.jpg"))[:8]
    equal = 0
    for file in images:
        pixels = tf.image.resize(tf.image.decode_jpeg(file.read_bytes()), (128, 128))
        pixels = np.round(pixels).astype(np.uint8)[None]
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
        interpreter.invoke()
        theirs = interpreter.get_tensor(interpreter.get_output_details()[0]["index"]) / 256
        ours = tf.nn.softmax(network((pixels - np.float32(128)) / np.float32(128)))
        # activations of 8 bits move a probability by up to a tenth; of a uniform answer it would be 0.001
        np.testing.assert_allclose(ours, theirs, atol=0.15)
        equal += int(np.argmax(ours) == np.argmax(theirs))
    assert network.input_shape[1] == 128 and equal >= 6  # two classes may be nearly equal


@pytest.mark.parametrize(
    "file", ["deeplabv3_mnv2_257_float.tflite", "deeplabv3_mnv2_dm05_pascal_quant.tflite"]
)
def test_the_real_deeplab_gives_its_mobilenet_without_head(shared, file, caplog):
    path = shared / "checkpoints" / "real" / file
    network = slimzoo.load("mobilenet_v2_050", weights=path, num_classes=0, divisible_by=1)
    assert len(network.restore_report.restored) == 255
    assert {
        name.rpartition("/")[0].removesuffix("/BatchNorm") for name in network.restore_report.reinitialised
    } == {"MobilenetV2/Conv_1"}
    assert "MobilenetV2/Conv_1: new here" in caplog.text


def test_a_file_of_a_network_with_arguments_is_converted_with_them(shared, tmp_path):
    path = shared / "checkpoints" / "real" / "deeplabv3_mnv2_dm05_pascal_quant.tflite"
    written = tmp_path / "x.safetensors"
    with pytest.raises(SlimzooError, match=r"with the arguments that it had \(as divisible_by=1\)"):
        converters.convert(path, written, network="mobilenet_v2_050")
    converters.convert(path, written, network="mobilenet_v2_050", network_arguments={"divisible_by": 1})
    found = slimzoo.load(written, num_classes=0)
    expected = slimzoo.load("mobilenet_v2_050", weights=path, num_classes=0, divisible_by=1)
    for name in expected.restore_report.restored:
        np.testing.assert_array_equal(found.variables_by_name[name], expected.variables_by_name[name])
    assert found.network_arguments["divisible_by"] == 1


def test_the_real_deeplab_gives_the_masks_that_its_interpreter_gives(shared, caplog):
    path = shared / "checkpoints" / "real" / "deeplabv3_mnv2_257_float.tflite"
    model = slimzoo.load("deeplab_v3_mobilenet_v2_050", weights=path, size=257, output_stride=8)
    assert not model.restore_report.reinitialised and "stride" not in caplog.text
    photo = sorted((shared / "voc" / "VOCdevkit" / "VOC2012" / "JPEGImages").glob("*.jpg"))[0]
    pixels = tf.image.resize(tf.io.decode_jpeg(photo.read_bytes()), (257, 257)).numpy()[None]
    interpreter = tf.lite.Interpreter(str(path))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels / 127.5 - 1)
    interpreter.invoke()
    theirs = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    ours = model(pixels / 127.5 - 1).numpy()
    # Of 6,142,557 pixels of 93 images 3 differ (tools/deeplab_tflite.py), where two classes are nearly alike.
    assert (ours.argmax(-1) != theirs.argmax(-1)).sum() <= 2


def test_a_deeplab_that_dilates_from_another_stride_on_is_built_with_that(shared, caplog, tmp_path):
    path = shared / "checkpoints" / "real" / "deeplabv3_mnv2_257_float.tflite"
    model = slimzoo.load("deeplab_v3_mobilenet_v2_050", weights=path, size=257)
    assert model.network_arguments["output_stride"] == 8 and "stride" not in caplog.text
    converters.convert(path, tmp_path / "x.safetensors", network="deeplab_v3_mobilenet_v2_050")
    assert slimzoo.load(tmp_path / "x.safetensors").network_arguments["output_stride"] == 8


def test_a_network_that_dilates_from_another_stride_on_than_its_file_says_from_which(shared, caplog):
    path = shared / "checkpoints" / "real" / "deeplabv3_mnv2_257_float.tflite"
    slimzoo.load("deeplab_v3_mobilenet_v2_050", weights=path, size=257, output_stride=16)
    assert "Its map is 8 times as small as its images, the network's 16 times: output_stride=8" in caplog.text
