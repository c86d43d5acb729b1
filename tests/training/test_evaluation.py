"""evaluate(): the same figures whatever the batches, and clear words for what does not fit."""

from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import average_precision_score

import slimzoo
from slimzoo.data import Dataset, Example, folder
from slimzoo.errors import SlimzooError
from slimzoo.training.evaluation import Evaluation, evaluate, evaluate_together
from slimzoo.training.finetune import Result
from slimzoo.training.interrupt import BrokenOff
from tests.training.conftest import CLASSES
from tests.training.part_of_two import PartOfTwo


def load(labels=CLASSES, multi_label=True, **arguments):
    tf.random.set_seed(1)
    return slimzoo.load(
        "tiny_bn", num_classes=len(labels), labels=labels, multi_label=multi_label, **arguments
    )


@pytest.fixture(scope="module")
def model():
    return load()


def test_the_batch_size_changes_nothing(model, data):
    whole, pieces = evaluate(model, data[1], batch_size=8), evaluate(model, data[1], batch_size=3)
    np.testing.assert_allclose(
        pieces.scores, whole.scores, atol=1e-6
    )  # float32, other kernels for other sizes
    assert pieces.loss == pytest.approx(whole.loss, rel=1e-5)
    np.testing.assert_allclose(pieces.ap, whole.ap)


def test_the_figures_are_those_of_scikit_learn_and_of_the_formula(model, data):
    found = evaluate(model, data[1])
    labels, weights = data[1].labels, data[1].weights
    assert (weights == 0).any()  # some are difficult
    for i in range(len(CLASSES)):
        counts = weights[:, i] > 0
        independent = average_precision_score(labels[counts, i], found.scores[counts, i])
        assert found.ap[i] >= independent - 1e-9  # VOC's precision never falls towards a lower recall
    each = -(labels * np.log(found.scores) + (1 - labels) * np.log(1 - found.scores))
    assert found.loss == pytest.approx((each * weights).sum() / weights.sum(), rel=1e-5)  # float32
    assert found.map == pytest.approx(np.nanmean(found.ap))
    assert found.to_dict()["positives"] == data[1].counts
    assert np.isnan(found.accuracy)


def test_scores_are_those_of_the_model_on_its_own_preprocessing(model, data):
    found = evaluate(model, data[1], batch_size=5)
    logits = model(model.preprocess(list(data[1].paths)))
    np.testing.assert_allclose(found.scores, tf.sigmoid(logits), atol=1e-6)  # float32


def test_one_label_an_image_gives_an_accuracy_and_shares_that_add_up_to_1(class_folder):
    images = folder.read(class_folder)
    found = evaluate(load(images.classes, multi_label=False), images, batch_size=5)
    np.testing.assert_allclose(found.scores.sum(1), 1, rtol=1e-5)  # float32
    assert found.accuracy == np.mean(found.scores.argmax(1) == images.labels.argmax(1))


def test_another_order_of_classes_is_refused_and_named(data):
    with pytest.raises(SlimzooError) as caught:
        evaluate(load(("chair", "bus", "dog", "sofa")), data[1])
    assert "class 0 is 'chair' in the model, 'bus' in the data" in str(caught.value)
    assert "class 2" not in str(caught.value)


def test_another_number_of_classes_and_no_preprocessing_are_refused_together(data):
    model = load(("bus", "chair"))
    model.preprocessing = None
    with pytest.raises(SlimzooError) as caught:
        evaluate(model, data[1])
    assert "the model has 2 classes" in str(caught.value)
    assert "num_classes=4" in str(caught.value)
    assert "has no preprocessing" in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(data, value):
    model = load()
    biases = model.variables_by_name["Tiny/logits/biases"]
    biases.assign([value, 0, 0, 0])
    with pytest.raises(SlimzooError, match="values that are not finite"):
        evaluate(model, data[1])


def test_a_broken_image_is_named(model, data, tmp_path):
    broken, missing = tmp_path / "broken.jpg", tmp_path / "missing.jpg"
    with open(data[1].paths[0], "rb") as file:
        broken.write_bytes(file.read()[:300])
    some = [Example(str(path), data[1].labels[0], data[1].weights[0]) for path in (broken, missing)]
    with pytest.raises(SlimzooError, match="2 of 10 images cannot be read") as caught:
        evaluate(model, Dataset(data[1].examples + tuple(some), CLASSES, "partly broken", True))
    assert str(broken) in str(caught.value)
    assert str(missing) in str(caught.value)


def test_data_of_other_sizes_and_classes_can_follow_each_other():
    from slimzoo.training.evaluation import _batch_loss

    for images, classes in ((4, 3), (2, 5), (3, 4), (1, 7)):  # so many that TensorFlow would leave both open
        logits, ones = np.zeros((images, classes), np.float32), np.ones((images, classes), np.float32)
        loss, terms = _batch_loss(logits, ones, ones, True, classes)
        assert float(loss) == pytest.approx(np.log(2), rel=1e-6)  # float32
        assert int(terms) == images * classes


def test_what_is_printed_of_data_and_of_an_evaluation_is_a_line(class_folder):
    images = folder.read(class_folder)
    ap = np.array([0.5, float("nan")])
    single = Evaluation(images, np.eye(len(images), len(images.classes), dtype=np.float32), 0.25, ap, ap)
    assert str(single) == f"<Evaluation of 12 images: mAP 0.500, accuracy {single.accuracy:.3f}, loss 0.250>"
    assert str(images) == f"<Dataset {images.name}: 12 images, 3 classes: {', '.join(images.classes)}>"
    several = Evaluation(replace(images, multi_label=True), single.scores, 0.25, ap, ap)
    assert "accuracy" not in str(several)
    result = Result(Path("runs/x"), None, single, 3, 9, Path("runs/x/report.html"), [{}])
    assert str(result) == f"<Result in runs/x: best at step 3 of 9; {single}>"


def test_two_processes_put_together_what_one_measures_to_the_last_bit(model, data):
    whole = evaluate(model, data[1], 3)
    parts = []
    with pytest.raises(BrokenOff):  # the other has nothing yet
        evaluate_together(model, data[1], 3, False, None, PartOfTwo(0, parts))
    found = evaluate_together(model, data[1], 3, False, None, PartOfTwo(1, parts))
    np.testing.assert_array_equal(found.scores, whole.scores)
    assert (found.loss, found.map, found.map_11point) == (whole.loss, whole.map, whole.map_11point)


def test_a_signal_to_either_breaks_off_the_evaluation_of_both(model, data):
    @contextmanager
    def signalled():
        raise BrokenOff
        yield

    parts = [None]
    for leaving in (signalled, nullcontext):
        with pytest.raises(BrokenOff):
            evaluate_together(model, data[1], 3, False, None, PartOfTwo(1, [*parts]), leaving)
