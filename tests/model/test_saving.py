"""What a Model writes comes back: .keras, .weights.h5, SavedModel, TFLite, checkpoints, pickle, clones."""

import copy
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import of_kind
from tests import warm
from tests.networks import IMAGES, LABELS, assert_close, assert_same, compiled, disturb, little_model, values

ROOT = Path(__file__).resolve().parents[2]


def python(code: str, *arguments) -> subprocess.CompletedProcess:
    """Runs `code` in another process, which has imported Keras and registered nothing."""
    return warm.run("-c", textwrap.dedent(code), *arguments)


def new_python(code: str, *arguments) -> subprocess.CompletedProcess:
    """Runs `code` in another process, which has imported nothing."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def unregistered(images):
    return slim.fully_connected(slim.flatten(images), 2)


@keras.saving.register_keras_serializable("slimzoo_tests")
def wide_scope():
    with slim.arg_scope([slim.conv2d], weights_initializer=tf.compat.v1.zeros_initializer()) as scope:
        return scope


# .keras


def test_a_registered_network_comes_back_from_keras_with_all_that_belongs_to_it(tmp_path):
    preprocessing = of_kind("lenet", 28, "GRAY")
    names = tuple("abcd")
    model = slimzoo.Model(
        "lenet",
        4,
        labels=names,
        label_offset=1,
        preprocessing=preprocessing,
        multi_label=True,
        dropout_keep_prob=0.9,
    )
    model.freeze("LeNet/conv1")
    model.save(tmp_path / "lenet.keras")
    again = keras.models.load_model(tmp_path / "lenet.keras")
    assert isinstance(again, slimzoo.Model) and again.network is model.network
    assert (again.labels, again.label_offset, again.multi_label) == (names, 1, True)
    assert again.preprocessing == preprocessing
    assert again.frozen == ("LeNet/conv1",)
    assert len(again.trainable_variables) == len(model.trainable_variables) == 6
    assert_same(values(again), values(model))
    images = np.ones((2, 28, 28, 1), np.float32)
    np.testing.assert_array_equal(again(images), model(images))
    assert again.get_config() == model.get_config()


def test_a_registered_function_comes_back_from_keras_compiled_and_with_its_arg_scope(tmp_path):
    model = compiled(little_model(arg_scope=wide_scope), keras.optimizers.Adam(0.01))
    model.fit(IMAGES, LABELS, verbose=0)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert_same(values(again), values(model))
    np.testing.assert_array_equal(again(IMAGES), model(IMAGES))
    assert again.optimizer.iterations == 1
    again.fit(IMAGES, LABELS, verbose=0)
    assert not little_model(arg_scope=wide_scope).variables_by_name["Conv/weights"].numpy().any()


def test_mixed_precision_comes_back_from_keras(tmp_path):
    little_model(dtype="mixed_bfloat16").save(tmp_path / "m.keras")
    assert keras.models.load_model(tmp_path / "m.keras").compute_dtype == "bfloat16"


def test_another_process_opens_the_keras_file_of_a_registered_network(tmp_path):
    model = slimzoo.Model("lenet", 3)
    model.save(tmp_path / "m.keras")
    images = np.linspace(-1, 1, 784, dtype=np.float32).reshape(1, 28, 28, 1)
    np.save(tmp_path / "logits.npy", model(images))
    done = python(
        """
        import sys, numpy as np, slimzoo
        one = slimzoo.load(sys.argv[1] + "/m.keras")
        import keras  # which finds the class from now on
        for model in one, keras.models.load_model(sys.argv[1] + "/m.keras"):
            images = np.linspace(-1, 1, 784, dtype=np.float32).reshape(1, 28, 28, 1)
            np.testing.assert_allclose(model(images), np.load(sys.argv[1] + "/logits.npy"), atol=1e-6)
        print("EQUAL")
        """,
        tmp_path,
    )
    assert "EQUAL" in done.stdout, done.stderr[-2000:]


def test_saving_an_unregistered_function_says_how_to_register_it_and_writes_nothing(tmp_path):
    model = slimzoo.Model(unregistered, input_shape=(8, 8, 3))
    for thing in (model, slimzoo.Model(lambda x: unregistered(x), input_shape=(8, 8, 3))):
        with pytest.raises(SlimzooError, match=r"(?s)register_keras_serializable.*def \w+\(images"):
            thing.save(tmp_path / "m.keras")
    assert not list(tmp_path.iterdir())
    model.save_weights(tmp_path / "m.weights.h5")


def test_an_unregistered_arg_scope_is_named_too(tmp_path):
    scope = wide_scope()
    with pytest.raises(SlimzooError, match="an arg_scope"):
        little_model(arg_scope=scope).save(tmp_path / "m.keras")


def test_loading_the_file_of_an_unregistered_function_elsewhere_says_how_to_register_it(tmp_path):
    model = keras.Sequential([slimzoo.Model(unregistered, input_shape=(8, 8, 3))])
    model.save(tmp_path / "m.keras")  # Keras saves the outer model, so this Model cannot object
    keras.models.load_model(tmp_path / "m.keras")  # here the function is still alive
    code = "import sys, keras, slimzoo.model\nkeras.models.load_model(sys.argv[1])"
    done = python(code, tmp_path / "m.keras")
    assert done.returncode and "unregistered, which is not known here" in done.stderr
    assert "register_keras_serializable" in done.stderr


def test_custom_objects_name_a_function_too(tmp_path):
    keras.Sequential([slimzoo.Model(unregistered, input_shape=(8, 8, 3))]).save(tmp_path / "m.keras")
    done = python(
        """
        import sys, keras, slimzoo
        from slimzoo import slim
        def mine(images):
            return slim.fully_connected(slim.flatten(images), 2)
        slimzoo.Model
        model = keras.models.load_model(sys.argv[1], custom_objects={"unregistered": mine})
        print(model.layers[0].count_params())
        """,
        tmp_path / "m.keras",
    )
    assert done.stdout.strip().endswith("386"), done.stderr[-2000:]


@pytest.mark.parametrize(
    ("imports", "python"),
    [("import keras, slimzoo", python), ("import slimzoo.model, keras", new_python)],
    ids=["keras first", "slimzoo first"],
)
def test_keras_opens_the_file_of_a_registered_network_once_slimzoo_is_imported(imports, python, tmp_path):
    model = slimzoo.Model("cifarnet", 2, (16, 16, 3), preprocessing=of_kind("cifarnet", 16))
    images = keras.Input((20, 20, 3))
    keras.Model(images, model(model.preprocess(images))).save(tmp_path / "m.keras")
    done = python(
        f"import sys\n{imports}\nprint(keras.models.load_model(sys.argv[1]).layers[-1])", tmp_path / "m.keras"
    )
    assert done.returncode == 0 and "slimzoo.Model cifarnet; 2 classes" in done.stdout, done.stderr[-2000:]


# .weights.h5


def test_weights_go_by_slim_name_and_not_by_position(tmp_path):
    def forth(images):
        a = slim.fully_connected(slim.flatten(images), 4, scope="a/x.y")
        return a + slim.fully_connected(slim.flatten(images), 4, scope="b-c")

    def back(images):
        b = slim.fully_connected(slim.flatten(images), 4, scope="b-c")
        return slim.fully_connected(slim.flatten(images), 4, scope="a/x.y") + b

    ours, theirs = (slimzoo.Model(f, input_shape=(8, 8, 3)) for f in (forth, back))
    disturb(ours)
    ours.save_weights(tmp_path / "m.weights.h5")
    theirs.load_weights(tmp_path / "m.weights.h5")
    assert next(iter(values(theirs))) == "b-c/weights"
    assert_same({n: values(theirs)[n] for n in values(ours)}, values(ours))


def test_wrong_weights_name_every_difference_and_assign_nothing(tmp_path):
    slimzoo.Model("lenet", 7).save_weights(tmp_path / "m.weights.h5")
    model = little_model()
    before = values(model)
    with pytest.raises(ValueError, match="do not fit little") as caught:
        model.load_weights(tmp_path / "m.weights.h5")
    for name in (*values(model), "LeNet/conv1/weights", "LeNet/fc4/biases"):
        assert name in str(caught.value)
    assert_same(values(model), before)
    with pytest.raises(
        ValueError, match=r"(?s)fc4/weights is \[1024, 7\] in the file, \[1024, 10\].*fc4/biases"
    ):
        slimzoo.Model("lenet").load_weights(tmp_path / "m.weights.h5")


def test_loaded_weights_count_as_restored(tmp_path):
    little_model().save_weights(tmp_path / "m.weights.h5")
    model = little_model()
    model.load_weights(tmp_path / "m.weights.h5")
    assert {row.state for row in model.summary_rows()} == {"restored"}


# SavedModel and TFLite.


@pytest.mark.parametrize("called", [False, True])
def test_export_equals_predict_before_the_first_call_and_after(tmp_path, called):
    model = little_model()
    disturb(model)
    if called:
        model(IMAGES[:1])
    model.export(tmp_path / "saved", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "saved")
    assert_close(loaded.serve(IMAGES), model.predict(IMAGES, verbose=0), 1e-6)
    assert_close(loaded.serve(IMAGES[:3]), model.predict(IMAGES[:3], verbose=0), 1e-6)  # any batch size


def test_a_model_of_any_image_size_exports_as_such(tmp_path):
    def network(images):
        net = slim.conv2d(images, 4, 3, stride=2, normalizer_fn=slim.batch_norm)
        return slim.fully_connected(tf.reduce_mean(net, [1, 2]), 5)

    model = slimzoo.Model(network, input_shape=(None, None, 3))
    model(np.zeros((1, 64, 64, 3), np.float32))
    model.export(tmp_path / "saved", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "saved")
    images = np.random.RandomState(0).uniform(-1, 1, (2, 96, 64, 3)).astype(np.float32)
    assert_close(loaded.serve(images), model(images), 1e-6)


def test_export_in_mixed_precision_takes_and_gives_float32(tmp_path):
    model = little_model(dtype="mixed_bfloat16")
    model.export(tmp_path / "saved", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "saved")
    logits = loaded.serve(IMAGES)
    assert logits.dtype == tf.float32
    assert_close(logits, model(IMAGES), 1e-6)


@pytest.mark.parametrize("name, size", [("lenet", 28), ("mobilenet_v1_025", 64)])
def test_tflite_converts_the_export_and_gives_the_same_numbers(tmp_path, name, size):
    model = slimzoo.Model(name, 4, (size, size, slimzoo.get_network(name).channels))
    model.export(tmp_path / "saved", verbose=False)
    lite = tf.lite.Interpreter(
        model_content=tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved")).convert()
    )
    lite.allocate_tensors()
    image = np.random.RandomState(0).uniform(-1, 1, (1, *model.input_shape[1:])).astype(np.float32)
    lite.set_tensor(lite.get_input_details()[0]["index"], image)
    lite.invoke()
    # Other kernels, batch norm folded into the convolutions: 1e-4.
    assert_close(lite.get_tensor(lite.get_output_details()[0]["index"]), model(image), 1e-4)


# tf.train.Checkpoint


def test_tf_train_checkpoint_brings_back_every_variable_and_the_dropout_state(tmp_path):
    model = little_model(seed=5)
    disturb(model)
    model(IMAGES, training=True)
    path = tf.train.Checkpoint(model=model).save(tmp_path / "c")
    following = model(IMAGES, training=True).numpy()
    again = little_model()
    tf.train.Checkpoint(model=again).restore(path).assert_consumed()
    tf.train.Checkpoint(model=model).restore(path).assert_consumed()
    assert_same(values(again), values(model))
    np.testing.assert_array_equal(again.seed_state, [5, 1])
    np.testing.assert_array_equal(again(IMAGES, training=True), following)  # the same dropout mask


def test_tf_train_checkpoint_holds_the_optimizer_too(tmp_path):
    model = compiled(little_model(), "adam")
    model.fit(IMAGES, LABELS, verbose=0)
    path = tf.train.Checkpoint(model=model).save(tmp_path / "c")
    again = compiled(little_model(), "adam")
    again.optimizer.build(again.trainable_variables)
    tf.train.Checkpoint(model=again).restore(path).assert_consumed()
    assert_same(values(again), values(model))
    for ours, theirs in zip(again.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs)


# Copies.


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
@pytest.mark.parametrize("function", [None, unregistered])
def test_a_copy_has_the_same_values_and_variables_of_its_own(copied, function):
    model = little_model() if function is None else slimzoo.Model(function, input_shape=(8, 8, 3))
    disturb(model)
    other = copied(model)
    assert_same(values(other), values(model))
    np.testing.assert_array_equal(other(IMAGES), model(IMAGES))
    before = values(model)
    first = next(iter(before))
    other.variables_by_name[first].assign(0 * before[first])
    assert_same(values(model), before)


def test_a_copy_keeps_the_seed_of_dropout():
    model = little_model(seed=9)
    np.testing.assert_array_equal(copy.deepcopy(model).seed_state, [9, 0])


def test_clone_model_makes_new_variables_of_the_same_names():
    model = little_model(keep_prob=0.7, data_format="NCHW")
    clone = keras.models.clone_model(model)
    assert clone.get_config() == model.get_config()
    assert list(clone.variables_by_name) == list(model.variables_by_name)
    assert not {id(v) for v in clone.weights} & {id(v) for v in model.weights}
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone(IMAGES), model(IMAGES))


# Feature models.


def test_a_feature_model_shares_the_variables_saves_and_loads(tmp_path):
    model = little_model()
    features = model.feature_model(["first", "second"])
    assert {id(v) for v in features.weights} == {id(v) for v in model.weights}
    disturb(model)
    ends = model.end_points(IMAGES)
    found = features.predict(IMAGES, verbose=0)
    assert list(found) == ["first", "second"]
    for name, value in found.items():
        assert_close(value, ends[name], 1e-6)
    features.save(tmp_path / "f.keras")
    again = keras.models.load_model(tmp_path / "f.keras")(IMAGES)
    for name, value in again.items():
        assert_close(value, ends[name], 1e-6)
    features.export(tmp_path / "saved", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "saved")
    for name, value in loaded.serve(IMAGES).items():
        assert_close(value, ends[name], 1e-6)


def test_a_feature_model_of_an_unregistered_function_says_how_to_register_it(tmp_path):
    def mine(images):
        net = slim.conv2d(images, 2, [1, 1])
        return slim.flatten(net), {"net": net}

    features = slimzoo.Model(mine, input_shape=(8, 8, 3)).feature_model("net")
    assert features(IMAGES).shape == (8, 8, 8, 2)
    with pytest.raises(SlimzooError, match="register_keras_serializable"):
        features.save(tmp_path / "f.keras")
