"""A Predictor as those who call it see it."""

import pickle
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import slimzoo
from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import of_kind
from tests.networks import IMAGES, LABELS, compiled, little_model

NEAR = {"rtol": 1e-4, "atol": 1e-5}  # float32; folded and fused, so summed in another order


@pytest.fixture
def model():
    return little_model(labels=["a", "b", "c"], preprocessing=of_kind("inception", 8))


@pytest.fixture
def predictor(model):
    with model.compiled() as made:
        yield made


def test_numpy_gives_numpy_and_a_tensor_a_tensor(model, predictor):
    wanted = model(IMAGES)
    found = predictor(IMAGES)
    assert isinstance(found, np.ndarray) and tf.is_tensor(predictor(tf.constant(IMAGES)))
    np.testing.assert_allclose(found, wanted, **NEAR)
    np.testing.assert_allclose(predictor(tf.constant(IMAGES)), wanted, **NEAR)


def test_it_takes_any_number_of_images_none_included(model, predictor):
    for count in (1, 3, 8, 0):
        found = predictor(IMAGES[:count])
        assert found.shape == (count, 3)
        np.testing.assert_allclose(found, model.predict(IMAGES, verbose=0)[:count], **NEAR)
    assert model.compiled(batch_size=4)(IMAGES[:0]).shape == (0, 3)


def test_end_points_come_with_the_logits(model):
    found = model.compiled(end_points=["second", "first"])(IMAGES)
    assert [*found] == ["logits", "second", "first"]
    for key, value in model.features(IMAGES, ["second", "first"]).items():
        np.testing.assert_allclose(found[key], value, **NEAR)
    for wrong in ("frist", [3]):
        with pytest.raises(SlimzooError, match="no end point"):
            model.compiled(end_points=wrong)


def test_predict_takes_arrays_datasets_paths_and_folders(model, predictor, tmp_path):
    pixels = np.random.RandomState(0).randint(0, 256, (5, 9, 7, 3), np.uint8)
    for i, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
    prepared = model.preprocess(sorted(map(str, tmp_path.glob("*.png"))))
    wanted = model.predict(prepared, verbose=0)
    given = (
        prepared,
        prepared.numpy(),
        tf.data.Dataset.from_tensor_slices((prepared, tf.range(5))).batch(2),
        str(tmp_path),
        tmp_path,
        sorted(tmp_path.glob("*.png")),
        f"{tmp_path}/*.png",
        [*pixels],
    )
    for images in given:
        np.testing.assert_allclose(predictor.predict(images, batch_size=2), wanted, **NEAR)


def test_images_that_cannot_be_used_are_all_named(predictor, tmp_path):
    (tmp_path / "a.png").write_text("no image")
    with pytest.raises(SlimzooError, match=r"2 of 2 images cannot be used(.|\n)*a\.png(.|\n)*b\.png"):
        predictor.predict([tmp_path / "a.png", tmp_path / "b.png"])
    with pytest.raises(SlimzooError, match="no image"):
        predictor.predict([])


def test_what_belongs_to_the_weights_is_the_models(model, predictor):
    assert predictor.labels == model.labels and predictor.preprocessing == model.preprocessing
    assert predictor.input_shape == model.input_shape and predictor.num_classes == 3
    logits = predictor(IMAGES)
    assert predictor.decode_predictions(logits) == model.decode_predictions(logits)
    pixels = np.full((9, 9, 3), 200, np.uint8)
    np.testing.assert_array_equal(predictor.preprocess(pixels), model.preprocess(pixels))
    assert "tensorflow float32; 8x8x3" in repr(predictor)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (IMAGES[0], r"images \[N, 8, 8, 3\].*One image is a batch of one"),
        (IMAGES[:, :5], r"shape \[8, 5, 8, 3\]"),
        (IMAGES[..., :1], r"shape \[8, 8, 8, 1\]"),
        ("a.png", "takes numbers, not"),
        ([["a"]], "takes numbers, not"),
    ],
)
def test_what_the_graph_does_not_take_is_refused_in_words(images, words, predictor):
    with pytest.raises(SlimzooError, match=words):
        predictor(images)


def test_inside_a_graph_the_model_is_to_be_called(predictor):
    with pytest.raises(SlimzooError, match="call the Model itself"):
        tf.function(predictor, autograph=False)(tf.constant(IMAGES))


def test_a_closed_predictor_says_so(model):
    predictor = model.compiled()
    with predictor:
        predictor(IMAGES)
    predictor.close()
    assert "closed" in repr(predictor)
    with pytest.raises(SlimzooError, match="is closed"):
        predictor(IMAGES)


def test_one_that_is_closed_while_it_runs_says_so_too(predictor, monkeypatch):
    def run(images):
        predictor.close()
        raise AttributeError("what it needs is gone")

    monkeypatch.setattr(predictor._runner, "run", run)
    with pytest.raises(SlimzooError, match="is closed"):
        predictor(IMAGES)


def said_old(caplog):
    return [record for record in caplog.records if "older weights" in record.getMessage()]


def train(model):
    compiled(model, keras.optimizers.SGD(0.1)).fit(IMAGES, LABELS, verbose=0)


def train_by_hand(model):
    step = tf.function(lambda: model(tf.constant(IMAGES), training=True), autograph=False)
    step()


def set_weights(model):
    model.set_weights([value + 1 for value in model.get_weights()])


def assign_one(model):
    next(iter(model.variables_by_name.values())).assign_add(np.ones((3, 3, 3, 4), np.float32))


@pytest.mark.parametrize("change", [train, train_by_hand, set_weights, assign_one])
def test_once_the_model_goes_on_it_says_that_it_is_old_and_says_it_once(change, model, predictor, caplog):
    before = predictor(IMAGES)
    assert not predictor.is_old and not said_old(caplog)
    change(model)
    assert predictor.is_old
    predictor._watch._next = 0  # when every variable is looked at the next time
    np.testing.assert_array_equal(predictor(IMAGES), before)
    predictor(IMAGES)
    assert len(said_old(caplog)) == 1


def test_one_that_follows_is_made_anew(model, caplog):
    predictor = model.compiled(follow=True)
    before = predictor(IMAGES)
    train(model)
    found = predictor(IMAGES)
    assert np.abs(found - before).max() > 1e-3
    np.testing.assert_allclose(found, model(IMAGES), **NEAR)
    assert not said_old(caplog) and not predictor.is_old


def test_one_that_follows_sees_a_variable_that_was_assigned_to_by_hand(model):
    predictor = model.compiled(follow=True)
    predictor(IMAGES)
    assign_one(model)
    assert predictor.is_old
    np.testing.assert_allclose(predictor(IMAGES), model(IMAGES), **NEAR)


@pytest.mark.parametrize("batch_size", [0, 2.5, "3"])
def test_a_batch_size_that_is_no_count_is_refused(batch_size, predictor):
    with pytest.raises(SlimzooError, match=r"batch_size is .*a number from 1 up"):
        predictor.predict(IMAGES, batch_size=batch_size)


def test_it_outlives_its_model():
    model = little_model()
    predictor, wanted = model.compiled(), model(IMAGES).numpy()
    del model
    np.testing.assert_allclose(predictor(IMAGES), wanted, **NEAR)


def test_pickle_carries_the_weights_of_a_model_that_is_there(model, predictor):
    again = pickle.loads(pickle.dumps(predictor))
    np.testing.assert_allclose(again(IMAGES), predictor(IMAGES), **NEAR)
    assert again.labels == predictor.labels and again.engine == "tensorflow"
    np.testing.assert_allclose(pickle.loads(pickle.dumps(again))(IMAGES), predictor(IMAGES), **NEAR)
    set_weights(model)
    with pytest.raises(SlimzooError, match=r"cannot be pickled: the Model .* other weights"):
        pickle.dumps(predictor)


def test_keras_still_knows_whether_compile_was_called(model):
    assert not model.compiled and repr(model.compiled) == "False"
    with pytest.raises(ValueError, match="compile"):
        model.fit(IMAGES, LABELS, verbose=0)
    compiled(model)
    assert model.compiled and model.compiled == True  # noqa: E712 - as Keras might ask
    assert callable(model.compiled) and pickle.loads(pickle.dumps(model.compiled)) is True
    assert keras.models.clone_model(model).get_config()["labels"] == ["a", "b", "c"]


def test_a_network_that_cannot_be_settled_is_refused_before_it_is_traced(model, monkeypatch):
    monkeypatch.setattr("slimzoo.model.compiled.skeleton", lambda *_: pytest.fail("it was traced"))
    with pytest.raises(SlimzooError, match="engine is 'tpu'"):
        model.compiled("tpu")


@pytest.mark.parametrize("engine", ["tensorflow", "openvino", "tflite"])
def test_eight_threads_get_the_same_numbers(engine, model, tmp_path, monkeypatch):
    if engine == "openvino":
        pytest.importorskip("openvino", reason="extra [openvino]")
    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path))
    predictor = model.compiled(engine)
    wanted = [predictor(IMAGES[i : i + 1]) for i in range(8)]
    failures = []

    def work(i):
        try:
            for _ in range(10):
                np.testing.assert_array_equal(predictor(IMAGES[i : i + 1]), wanted[i])
        except (AssertionError, RuntimeError, ValueError, tf.errors.OpError) as error:
            failures.append(repr(error)[:2000])

    threads = [threading.Thread(target=work, args=(i,), daemon=True) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not failures and not any(thread.is_alive() for thread in threads)


def test_threads_of_a_predictor_are_no_setting_of_the_process(model):
    before = tf.config.threading.get_intra_op_parallelism_threads()
    model.compiled("tflite", threads=1)(IMAGES)
    assert tf.config.threading.get_intra_op_parallelism_threads() == before


def test_slimzoo_predict_takes_a_predictor(model, predictor):
    pixels = [np.full((8, 8, 3), value, np.uint8) for value in (0, 200)]
    found, wanted = slimzoo.predict(predictor, pixels, top=1), slimzoo.predict(model, pixels, top=1)
    assert [best[0][:2] for best in found] == [best[0][:2] for best in wanted]
