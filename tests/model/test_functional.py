"""What a user of functional Keras models asks a Model for: its layers, symbolic tensors, another head."""

import copy

import keras
import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import of_kind
from tests.networks import IMAGES, LABELS, assert_close, assert_same, compiled, disturb, little_model, values

SAME = 1e-6  # the same ops on the same values: float32 round-off alone
SMALL = "cifarnet"
PHOTOS = np.random.RandomState(1).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def small():
    return slimzoo.Model(SMALL, 4, (32, 32, 3), preprocessing=of_kind("cifarnet", 32), labels="abcd")


@pytest.fixture
def thawed(small):
    yield small
    small.trainable = True
    small.unfreeze()


# Symbolic tensors and shapes.


def test_shapes_are_those_of_what_comes_out(small):
    assert small.input_shape == (None, 32, 32, 3)
    assert small.output_shape == small.compute_output_shape((None, 32, 32, 3)) == (None, 4)
    assert little_model().compute_output_shape((2, 8, 8, 3)) == (2, 3)
    assert small.feature_model("pool1").output_shape == (None, 16, 16, 64)
    assert small.feature_model(["conv1", "Logits"]).output_shape == {
        "conv1": (None, 32, 32, 64),
        "Logits": (None, 4),
    }
    assert [tuple(tensor.shape) for tensor in small.backbone([2, 4]).outputs] == [
        (None, 16, 16, 64),
        (None, 8, 8, 64),
    ]
    assert keras.utils.get_source_inputs(small.output)[0] is small.input is small.inputs[0]


def test_the_shape_for_images_of_another_size_is_that_of_a_run():
    def of_any_size(images):
        net = slim.conv2d(images, 2, 3, stride=2)
        return tf.reduce_mean(net, (1, 2)), {"net": net}

    model = slimzoo.Model(of_any_size, input_shape=(None, None, 3))
    assert model.feature_model("net").compute_output_shape((2, 9, 12, 3)) == (2, 5, 6, 2)
    assert model.get_layer("net").output_shape == (None, None, None, 2)
    assert model.compute_output_shape((None, 9, 12, 3)) == (None, 2)


def test_every_layer_has_the_output_that_the_model_computes(small):
    outputs = [layer.output for layer in small.layers]
    found = keras.Model(small.inputs, [*outputs, *small.outputs])(PHOTOS)
    ends = small.end_points(PHOTOS)
    assert [layer.name for layer in small.layers] == list(ends)
    for value, wanted in zip(found, [*ends.values(), small(PHOTOS)], strict=True):
        assert_close(value, wanted, SAME)
    assert [tuple(o.shape[1:]) for o in outputs] == [tuple(v.shape[1:]) for v in ends.values()]


@pytest.mark.parametrize("arguments", [{"data_format": "NCHW"}, {"dtype": "mixed_bfloat16"}])
def test_symbolic_shapes_and_types_are_those_of_the_run(arguments):
    model = slimzoo.Model("cifarnet", 4, (32, 32, 3), **arguments)
    ends = model.end_points(tf.zeros((1, 32, 32, 3)))
    for name, value in ends.items():
        symbol = model.get_layer(name).output
        assert (tuple(symbol.shape[1:]), symbol.dtype) == (tuple(value.shape[1:]), value.dtype.name)


def test_a_model_of_a_layer_s_output_shares_the_variables_and_trains_in_one_run():
    model = little_model(keep_prob=1.0)
    head = keras.layers.Dense(3)(keras.layers.Flatten()(model.get_layer("second").output))
    whole = compiled(keras.Model(model.inputs, [head, model.get_layer("first").output]))
    whole.compile("sgd", [keras.losses.SparseCategoricalCrossentropy(from_logits=True), None])
    before = values(model)
    whole.fit(IMAGES, [LABELS, LABELS], verbose=0, batch_size=8)
    moved = {name for name, value in values(model).items() if (value != before[name]).any()}
    assert "Conv/weights" in moved and "logits/weights" not in moved
    mean = tf.reduce_mean(tf.nn.conv2d(IMAGES, before["Conv/weights"], 1, "SAME"), (0, 1, 2))
    # One run, so the average moved once: decay 0.5 from 0; float32 sums.
    np.testing.assert_allclose(values(model)["Conv/BatchNorm/moving_mean"], 0.5 * mean, rtol=1e-4, atol=1e-6)


def test_a_model_of_its_outputs_saves_and_loads(small, tmp_path):
    extractor = keras.Model(small.input, small.get_layer("conv2").output)
    extractor.save(tmp_path / "m.keras")
    assert_close(keras.models.load_model(tmp_path / "m.keras")(PHOTOS), extractor(PHOTOS), SAME)


def test_model_inputs_go_into_a_model(small):
    assert_close(keras.Model(small.inputs, small(small.inputs))(PHOTOS), small(PHOTOS), SAME)
    assert_close(small([PHOTOS]), small(PHOTOS), SAME)


# Layers.


@pytest.mark.parametrize(
    "name", [SMALL, "mobilenet_v3_small", pytest.param("nasnet_mobile", marks=pytest.mark.slow)]
)
def test_each_variable_is_in_one_layer_in_the_order_of_the_network(name):
    model = slimzoo.Model(name)
    found = [id(variable) for layer in model.layers for variable in layer.weights]
    assert sorted(found) == sorted(id(variable) for variable in model.variables_by_name.values())
    assert sum(layer.count_params() for layer in model.layers) == sum(
        int(np.prod(shape)) for shape in model.variable_shapes().values()
    )
    first = next(iter(model.variables_by_name.values()))
    assert first is model.layers[0].weights[0]


def test_layers_by_name_are_end_points_and_scopes(small):
    for name in ("fc3", "CifarNet/fc3"):  # an end point, and a scope
        layer = small.get_layer(name)
        assert layer.scopes == {"CifarNet/fc3"}
        assert layer.output is small.get_layer("fc3").output
        assert layer.output_shape == (None, 384)
    assert small.get_layer("logits").scopes == {"CifarNet/logits"}  # the last part of a name
    assert small.get_layer(index=-1).name == "Predictions"
    assert small.feature_model("conv1").get_layer("conv2").count_params() == 102464
    values = [value + 1 for value in small.get_layer("conv1").get_weights()]
    small.get_layer("conv1").set_weights(values)
    np.testing.assert_array_equal(small.variables_by_name["CifarNet/conv1/weights"], values[0])


def test_layer_wise_freezing_is_freeze(thawed):
    for layer in thawed.layers[:3]:
        layer.trainable = False
    assert thawed.frozen == ("CifarNet/conv1", "CifarNet/conv2")
    assert [layer.trainable for layer in thawed.layers if layer.weights] == [False, False, True, True, True]
    assert thawed.layers[0].trainable_weights == []
    thawed.layers[0].trainable = True
    assert thawed.frozen == ("CifarNet/conv2",)
    thawed.freeze("CifarNet")
    thawed.get_layer("Logits").trainable = True
    assert {variable.name.split(".")[1] for variable in thawed.trainable_variables} == {"logits"}


def test_a_function_of_one_s_own_has_scopes_as_layers_too(tmp_path):
    def network(images, num_classes):
        net = slim.conv2d(images, 2, 3, scope="one")
        net = slim.conv2d(net, 2, 3, scope="two")
        end_points = {"two": net}
        return slim.fully_connected(slim.flatten(net), num_classes, scope="last"), end_points

    model = slimzoo.Model(network, 3, (8, 8, 3))
    assert [layer.name for layer in model.layers] == ["one", "two", "last", "logits"]
    assert_close(keras.Model(model.inputs, model.layers[-1].output)(IMAGES), model(IMAGES), SAME)
    with pytest.raises(SlimzooError, match=r"out of one is no end point.*feature_model\(name\).*: two"):
        _ = model.get_layer("one").output
    assert little_model().get_layer("logits").output.shape == (None, 3)


def test_what_a_model_has_not_says_what_it_has(small):
    for ask, words in (
        (lambda: small.get_layer("conv9"), r"no layer 'conv9'; nearest: .*conv1"),
        (lambda: small.get_layer("nothing like it"), "none is near.*model.layers"),
        (lambda: small.get_layer(index=99), "9 layers, and no layer 99"),
        (lambda: small.get_layer(), "a name or an index"),
        (lambda: small.get_layer(3), r"get_layer\(index=3\)"),
        (lambda: small.get_layer("conv1").input, r"keras.Model\(model.inputs"),
        (lambda: small.get_layer("conv1").set_weights([]), r"shapes \[\(5, 5, 3, 64\)"),
        (lambda: small.get_layer("conv1")(PHOTOS), r"cannot be called alone.*feature_model\(name\)"),
        (lambda: small.pop(), r"num_classes=0.*new_head\(num_classes\).*feature_model\(name\)"),
        (lambda: small.add(keras.layers.Dense(2)), r"keras.Sequential\(\[model, layer\]\)"),
        (lambda: small.quantize("int8"), "slimzoo convert to .tflite"),
        (lambda: small.save("old.h5"), r"old.h5.*model.save\(\) writes .keras"),
    ):
        with pytest.raises(SlimzooError, match=words):
            ask()
    with pytest.raises(ValueError, match=r"feature_model\(name\)"):
        keras.Sequential(small.layers[:-1])


def test_arguments_of_keras_applications_are_answered_with_ours():
    theirs = {"include_top": False, "pooling": "avg", "classes": 3, "classifier_activation": None}
    for make in (
        lambda: slimzoo.load("mobilenet_v2", pretrained=True, **theirs),  # fetches nothing
        lambda: slimzoo.Model(SMALL, **theirs),
        lambda: slimzoo.Model("mobilenet_v3_small", **theirs),
    ):
        with pytest.raises(SlimzooError) as error:
            make()
        for words in ("include_top is an argument of keras.applications; here: num_cl", "num_classes=N"):
            assert words in str(error.value)


# Another head.


def test_a_new_head_keeps_the_body_and_all_that_belongs_to_it(thawed):
    thawed.freeze("CifarNet/conv1")
    made = thawed.new_head(3, labels=["a", "b", "c"])
    assert made.frozen == thawed.frozen and made.labels == ("a", "b", "c")
    assert made.preprocessing == thawed.preprocessing
    assert_close(made.features(PHOTOS, "fc4"), thawed.features(PHOTOS, "fc4"), SAME)
    assert made(PHOTOS).shape == (2, 3) and thawed(PHOTOS).shape == (2, 4)
    assert thawed.new_head(0).features(PHOTOS, "fc4").shape == (2, 192)
    thawed.trainable = False
    names = {variable.name.split(".")[1] for variable in thawed.new_head(4).trainable_variables}
    assert names == {"logits"}


def test_a_new_head_of_a_function_of_one_s_own_is_what_heeds_the_classes(tmp_path):
    model = little_model()
    model.save_weights(tmp_path / "m.weights.h5")
    model.load_weights(tmp_path / "m.weights.h5")
    for classes in (3, 5):
        made = model.new_head(classes)
        assert made.new_scopes() == ["logits"]
        assert_close(made.features(IMAGES, "second"), model.features(IMAGES, "second"), SAME)
        assert (
            made.variables_by_name["logits/weights"].numpy()[:, :3] != values(model)["logits/weights"]
        ).all()
    with pytest.raises(SlimzooError, match="1 labels and 3 classes"):
        model.new_head(3, labels=["a"])
    with pytest.raises(SlimzooError, match="does not take 'num_classes'"):
        slimzoo.Model(lambda images: slim.flatten(images), input_shape=(8, 8, 3)).new_head(3)


# Copies.


def test_clones_and_copies_compute_the_same():
    model = little_model()
    disturb(model)
    for made in (keras.models.clone_model(model), slimzoo.Model.from_config(model.get_config())):
        assert made is not model
        made.set_weights(model.get_weights())
        assert_same(values(made), values(model))
    deep = copy.deepcopy(model)
    assert_same(values(deep), values(model))
    assert_close(deep(IMAGES), model(IMAGES), SAME)


def test_keras_looks_at_no_layer_when_it_saves_a_model(monkeypatch, tmp_path):
    model = little_model()
    for name in ("outputs", "output_shape", "layers"):
        monkeypatch.setattr(type(model), name, property(lambda self: pytest.fail("traced for a file")))
    model.save(tmp_path / "m.keras")
    keras.models.load_model(tmp_path / "m.keras")
