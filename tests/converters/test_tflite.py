"""TensorFlow Lite models, against TensorFlow's own interpreter."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import converters
from slimzoo.errors import SlimzooError


def network(x):
    """A convolution, a depthwise one and a dense layer, of constants."""
    random = np.random.RandomState(0)

    def constant(name, *shape):
        return tf.constant(random.randn(*shape).astype(np.float32), name=name)

    x = tf.nn.relu(tf.nn.conv2d(x, constant("kernel", 3, 3, 3, 16), 2, "SAME") + constant("bias", 16))
    x = tf.nn.depthwise_conv2d(x, constant("depthwise", 3, 3, 16, 1), (1, 1, 1, 1), "SAME")
    return tf.matmul(tf.reshape(x, [1, 1024]), constant("matrix", 1024, 10))


def convert(path, *, optimise=False, images=False, types=()):
    function = tf.function(network, input_signature=[tf.TensorSpec([1, 16, 16, 3])])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    converter.optimizations = [tf.lite.Optimize.DEFAULT] if optimise else []
    converter.target_spec.supported_types = list(types)
    if images:
        random = np.random.RandomState(1)
        converter.representative_dataset = lambda: (
            [random.rand(1, 16, 16, 3).astype(np.float32)] for _ in range(4)
        )
    path.write_bytes(converter.convert())
    return path


KINDS = {
    "float": {},
    "float16": {"optimise": True, "types": (tf.float16,)},
    "8 bits": {"optimise": True},
    "8 bits throughout": {"optimise": True, "images": True},
}


@pytest.fixture(scope="module", params=sorted(KINDS))
def model(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("tflite") / "m.tflite"
    return convert(path, **KINDS[request.param])


def theirs(path):
    """{name: (values as the interpreter has them, the numbers they mean)} of every constant."""
    interpreter = tf.lite.Interpreter(
        str(path), experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF
    )
    found = {}
    for row in interpreter.get_tensor_details():
        try:
            values = interpreter.get_tensor(row["index"])
        except ValueError:
            continue  # computed when the model runs
        scheme = row["quantization_parameters"]
        scales, zeros = scheme["scales"], scheme["zero_points"]
        meant = values
        if values.dtype.kind == "i" and scales.size:
            along = [1] * values.ndim
            if scales.size > 1:
                along[scheme["quantized_dimension"]] = -1
            meant = ((values.astype(np.float64) - zeros.reshape(along)) * scales.reshape(along)).astype("f4")
        found[row["name"]] = values, meant
    return found


def test_every_constant_is_what_the_interpreter_has(model):
    source, expected = converters.read(model), theirs(model)
    assert source.format == "tflite" and len(source) >= 4
    assert set(source) <= set(expected)
    for name in source:
        values, meant = expected[name]
        assert source.shapes[name] == values.shape
        # one rounding to float32 against two: a unit in the last place
        np.testing.assert_allclose(source[name], meant, rtol=2e-7, atol=0)
        if values.dtype == np.float32:
            assert source[name].tobytes() == values.tobytes()


def test_what_was_quantised_is_said(tmp_path):
    assert "dequantised" not in converters.read(convert(tmp_path / "a.tflite")).metadata
    metadata = converters.read(convert(tmp_path / "b.tflite", optimise=True)).metadata
    assert "within half a step" in metadata["dequantised"] and "[out, h, w, in]" in metadata["layout"]


def test_a_file_cut_anywhere_is_refused_or_misses_nothing(model):
    whole = model.read_bytes()
    expected = {name: array.copy() for name, array in converters.read(model).items()}
    path = model.with_name("cut.tflite")
    for size in np.linspace(8, len(whole) - 1, 60, dtype=int):
        path.write_bytes(whole[:size])
        try:
            found = dict(converters.read(path))
        except SlimzooError as error:
            assert "cut.tflite" in str(error)
            continue
        for name, value in found.items():  # what stands at the end is no weight
            np.testing.assert_array_equal(value, expected[name])


@pytest.mark.parametrize("at", [0, 8])
@pytest.mark.parametrize("value", [b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80"])
def test_positions_outside_the_file_are_refused(model, at, value):
    whole = bytearray(model.read_bytes())
    root = int.from_bytes(whole[:4], "little")
    where = root if at else 0
    whole[where : where + 4] = value
    path = model.with_name("outside.tflite")
    path.write_bytes(whole)
    with pytest.raises(SlimzooError, match=r"outside\.tflite is"):
        converters.read(path)


def test_a_model_without_weights_is_refused(tmp_path):
    function = tf.function(lambda x: x + x, input_signature=[tf.TensorSpec([1, 2])])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    (tmp_path / "m.tflite").write_bytes(converter.convert())
    with pytest.raises(SlimzooError, match="holds no weights of a type that is read"):
        converters.read(tmp_path / "m.tflite")
