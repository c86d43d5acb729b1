"""Model itself: what it is made from, restoring, images in and names out, the summary."""

import logging

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import converters, slim
from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import of_kind
from tests.networks import IMAGES, assert_close, assert_same, disturb, little, little_model, values


def saved(model, path, **changed):
    """Writes the values of `model`, some in place of its own, None for left out."""
    arrays = {n: v for n, v in {**values(model), **changed}.items() if v is not None}
    converters.write_safetensors(path, arrays)
    return path


# What it is made from.


def test_everything_wrong_with_the_arguments_is_said_at_once():
    with pytest.raises(SlimzooError) as caught:
        slimzoo.Model(little, -1, (8, 8), data_format="NWHC", keep=0.5)
    for words in (
        "num_classes is -1",
        "input_shape is (8, 8)",
        "data_format is 'NWHC'",
        "does not take 'keep'",
    ):
        assert words in str(caught.value)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ((little,), r"needs input_shape=\(height, width, channels\)"),
        (("lenett",), "no network is named 'lenett'. Nearest: lenet"),
        ((3,), "network_fn is 3; give a function"),
        ((lambda images: images, 5, (8, 8, 3)), "does not take 'num_classes'"),
        ((little, True, (8, 8, 3)), "num_classes is True"),
        ((little, 2.0, (8, 8, 3)), "num_classes is 2.0"),
    ],
)
def test_what_a_model_cannot_be_made_from(arguments, words):
    with pytest.raises(SlimzooError, match=words):
        slimzoo.Model(*arguments)


def test_sizes_may_be_numpy_numbers():
    model = slimzoo.Model(little, np.int64(3), (np.int32(8), np.int64(8), 3))
    assert model.input_shape == (None, 8, 8, 3) and type(model.num_classes) is int


def test_labels_must_be_as_many_as_classes():
    with pytest.raises(SlimzooError, match="2 labels and 3 classes"):
        little_model(labels=["a", "b"])


def test_no_last_layer_for_zero_classes():
    model = slimzoo.Model("lenet", 0)
    assert model(np.zeros((2, 28, 28, 1), np.float32)).shape == (2, 1024)
    assert not any("fc4" in name for name in model.variables_by_name)


def test_the_arg_scope_in_force_is_kept_for_every_later_run():
    def network(images):
        return slim.flatten(slim.conv2d(images, 3, [1, 1]))

    with slim.arg_scope([slim.conv2d], activation_fn=None, biases_initializer=None):
        model = slimzoo.Model(network, input_shape=(8, 8, 3))
    assert list(model.variables_by_name) == ["Conv/weights"]
    with slim.arg_scope([slim.conv2d], activation_fn=tf.nn.sigmoid):  # not this one
        logits = model(IMAGES)
    expected = IMAGES @ model.variables_by_name["Conv/weights"].numpy()[0, 0]
    assert_close(logits, expected.reshape(8, -1), 1e-5)


def test_logits_are_float32_and_end_points_stand_beside_them():
    model = little_model()
    assert model(IMAGES).dtype == tf.float32
    assert model(tf.cast(IMAGES, tf.float16)).dtype == tf.float32
    ends = model.end_points(IMAGES)
    np.testing.assert_array_equal(ends["logits"], model(IMAGES))
    assert list(ends) == ["first", "second", "logits"]


def test_one_image_without_a_batch_says_how_to_make_it_one():
    with pytest.raises(SlimzooError, match=r"images\[None\]"):
        little_model()(IMAGES[0])


def test_initial_values_are_taken_and_not_aliased():
    mine = np.ones((3, 3, 4, 6), np.float32)
    model = little_model(initial_values={"Conv_1/weights": mine})
    mine[:] = 7.0
    np.testing.assert_array_equal(model.variables_by_name["Conv_1/weights"], np.ones((3, 3, 4, 6)))
    model.variables_by_name["Conv_1/weights"].assign(np.zeros((3, 3, 4, 6)))
    assert (mine == 7.0).all()


def test_an_initial_value_of_another_shape_is_refused():
    with pytest.raises(SlimzooError, match=r"Conv_1/weights has shape \(2,\); it must have \(3, 3, 4, 6\)"):
        little_model(initial_values={"Conv_1/weights": np.ones(2)})


def test_eager_calls_of_many_models_raise_no_retracing_warning(caplog):
    caplog.set_level(logging.WARNING)
    for _ in range(7):
        little_model()(IMAGES)
    assert "retracing" not in caplog.text


# Restoring.


def test_restore_assigns_everything_and_reports_it(tmp_path):
    ours, theirs = little_model(), little_model()
    disturb(ours)
    report = theirs.restore(saved(ours, tmp_path / "m.safetensors"))
    assert_same(values(theirs), values(ours))
    assert report is theirs.restore_report and report.fraction == 1.0
    assert report.restored == tuple(values(ours)) and not report.missing and not report.unused


def test_restore_names_every_difference_and_assigns_nothing(tmp_path):
    changed = {
        "Conv/weights": None,
        "extra": np.zeros(2, np.float32),
        "logits/biases": np.zeros(9, np.float32),
    }
    path = saved(little_model(), tmp_path / "m.safetensors", **changed)
    model = little_model()
    before = values(model)
    with pytest.raises(
        SlimzooError, match=r"(?s)missing.*Conv/weights.*not in the network: extra.*logits/biases is \[9\]"
    ):
        model.restore(path)
    assert_same(values(model), before)
    report = model.restore(path, exclude=["Conv", "extra", "logits/biases"])
    assert {"extra", "logits/biases"} < set(report.unused)
    assert "logits/biases" in report.reinitialised


def test_restore_of_nan_names_the_variables_and_assigns_nothing(tmp_path):
    bad, worse = np.full((96, 3), np.nan, np.float32), np.array([1, np.inf, 3], np.float32)
    changed = {"logits/weights": bad, "logits/biases": worse}
    path = saved_anyway(little_model(), tmp_path / "m.npz", **changed)
    model = little_model()
    before = values(model)
    with pytest.raises(
        SlimzooError, match=r"(?s)NaN or infinity.*logits/weights: 288 values.*logits/biases: 1 value"
    ):
        model.restore(path)
    assert_same(values(model), before)
    model.restore(path, exclude="logits")
    assert np.isfinite(model(IMAGES)).all()


def saved_anyway(model, path, **changed):
    """As numpy writes it, which looks at no value."""
    with open(path, "wb") as file:
        np.savez(file, **{**values(model), **changed})
    return path


def test_restore_renames_by_prefix_and_by_function(tmp_path):
    model = little_model()
    converters.write_safetensors(
        tmp_path / "m.safetensors", {f"net/{n}": v for n, v in values(model).items()}
    )
    other = little_model()
    other.restore(tmp_path / "m.safetensors", rename={"net": ""})
    assert_same(values(other), values(model))
    other.restore(tmp_path / "m.safetensors", rename=lambda name: name.removeprefix("net/"))


# Images in, names out.


def test_preprocess_takes_an_array_a_batch_a_list_of_sizes_and_paths(tmp_path):
    from PIL import Image

    model = slimzoo.Model("mobilenet_v1_025", 4, (64, 64, 3), preprocessing=of_kind("inception", 64))
    pixels = np.random.RandomState(0).randint(0, 256, (90, 70, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    one = model.preprocess(pixels)
    assert one.shape == (1, 64, 64, 3) and one.dtype == tf.float32
    assert -1 <= float(tf.reduce_min(one)) < float(tf.reduce_max(one)) <= 1
    for images in (pixels[None], [pixels], tmp_path / "a.png", str(tmp_path / "a.png"), [tmp_path / "a.png"]):
        assert_close(model.preprocess(images), one, 1e-6)
    several = model.preprocess([pixels, pixels[:50], tmp_path / "a.png"])
    assert several.shape == (3, 64, 64, 3)
    assert_close(several[2:], one, 1e-6)


def test_preprocess_names_every_file_that_is_no_image(tmp_path):
    model = slimzoo.Model("lenet", preprocessing=of_kind("lenet", 28, "GRAY"))
    (tmp_path / "text.png").write_text("no image")
    (tmp_path / "empty.jpg").touch()
    paths = [tmp_path / "text.png", tmp_path / "none.jpg", tmp_path / "empty.jpg"]
    with pytest.raises(SlimzooError) as caught:
        model.preprocess(paths)
    assert all(path.name in str(caught.value) for path in paths)
    with pytest.raises(SlimzooError, match="empty list"):
        model.preprocess([])
    with pytest.raises(SlimzooError, match="alpha"):
        model.preprocess(np.zeros((5, 5, 4), np.uint8))


def test_a_model_without_preprocessing_says_how_to_give_it():
    with pytest.raises(SlimzooError, match="has no preprocessing"):
        little_model().preprocess(np.zeros((8, 8, 3), np.uint8))


def test_predictions_are_a_softmax_with_labels_best_first():
    model = little_model(labels=["cat", "dog", "cow"])
    rows = model.decode_predictions(np.log([[0.2, 0.7, 0.1], [0.5, 0.25, 0.25]]), top=2)
    assert [[name for _, name, _ in row] for row in rows] == [["dog", "cat"], ["cat", "dog"]]
    assert [index for index, _, _ in rows[0]] == [1, 0]
    assert rows[0][0][2] == pytest.approx(0.7, rel=1e-5)  # float32


def test_predictions_of_several_labels_an_image_are_a_sigmoid():
    model = little_model(multi_label=True)
    ((best, *_),) = model.decode_predictions([[0.0, 5.0, 5.0]], top=9)
    assert best == (1, "class 1", pytest.approx(0.9933, abs=1e-4))


def test_predictions_of_another_number_of_classes_are_refused():
    with pytest.raises(SlimzooError, match=r"takes logits \[N, 3\]; this has shape \(2, 5\)"):
        little_model().decode_predictions(np.zeros((2, 5)))


# The summary.


def test_the_summary_shows_scopes_shapes_states_and_totals(tmp_path):
    model = little_model()
    path = saved(model, tmp_path / "m.safetensors")
    model.restore(path, exclude="logits")
    model.freeze("Conv")
    rows = {row.scope: row for row in model.summary_rows()}
    assert list(rows) == ["Conv", "Conv_1", "logits"]
    assert [row.state for row in rows.values()] == ["restored, frozen", "restored", "new"]
    assert rows["Conv"].output_shape == (None, 8, 8, 4)
    assert rows["Conv"].parameters == 3 * 3 * 3 * 4 + 3 * 4
    assert rows["Conv_1"].multiply_adds == 4 * 4 * 3 * 3 * 4 * 6
    texts = []
    model.summary(print_fn=texts.append)
    for words in ("8 x 8 x 4", "restored, frozen", "total", f"{model.count_params():,}", "3,456"):
        assert words in "\n".join(texts)
    model.trainable = False
    assert all(row.state.endswith("frozen") for row in model.summary_rows())


def test_a_scope_of_half_new_half_restored_variables_says_both(tmp_path):
    model = little_model()
    model.restore(saved(model, tmp_path / "m.safetensors"), exclude="logits/biases")
    assert model.summary_rows()[-1].state == "new and restored"


def test_an_answer_does_not_depend_on_the_sizes_seen_before():
    def pools_what_it_sees(images):
        size = images.shape[1] or 100  # as slim's networks do: the kernel follows the static size
        return slim.avg_pool2d(images, min(size, 8), padding="VALID")[:, 0, 0]

    fresh, used = (slimzoo.Model(pools_what_it_sees, input_shape=(12, 12, 3)) for _ in range(2))
    images = {
        size: np.random.RandomState(size).rand(2, size, size, 3).astype("float32") for size in (12, 6, 9)
    }
    for size in (12, 6, 9, 12):
        used(images[size])
        np.testing.assert_array_equal(
            used(images[size]), images[size][:, :8, :8].mean((1, 2)).astype("float32")
        )
    np.testing.assert_array_equal(fresh(images[9]), used(images[9]))


def test_keras_predict_refuses_another_size_rather_than_answer_wrongly():
    model = slimzoo.load("mobilenet_v1_025", num_classes=3, input_shape=(64, 64, 3))
    first = model.predict(np.zeros((1, 64, 64, 3), "float32"), verbose=0)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"expected shape \[\?,64,64,3\]"):
        model.predict(np.zeros((1, 96, 96, 3), "float32"), verbose=0)
    np.testing.assert_array_equal(model.predict(np.zeros((1, 64, 64, 3), "float32"), verbose=0), first)
