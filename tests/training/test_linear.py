"""A last layer fitted to convergence: as scikit-learn fits it, with a penalty that held-out parts choose."""

import numpy as np
import pytest

from slimzoo.training.linear import PENALTIES, Problem, choose, fit

linear_model = pytest.importorskip("sklearn.linear_model", reason="the reference is scikit-learn's")


def problem(multi_label, images=80, features=6, classes=3, seed=0, noise=1.0):
    random = np.random.RandomState(seed)
    inputs = random.randn(images, features) * [1, 2, 5, 0.1, 1, 3] + 4
    scores = (inputs - 4) @ random.randn(features, classes) + noise * random.randn(images, classes)
    labels = scores > 0 if multi_label else np.eye(classes)[scores.argmax(axis=1)]
    weights = np.ones((images, classes))
    return Problem(inputs, labels.astype(float), weights, multi_label)


def scaled(values):
    middle = values - values.mean(axis=0)
    return middle / middle.std()


@pytest.mark.parametrize("penalty", [1e-3, 1e-1])
def test_one_softmax_is_as_scikit_learn_s(penalty):
    given = problem(multi_label=False)
    reference = linear_model.LogisticRegression(
        C=1 / (penalty * len(given.features)), tol=1e-10, max_iter=10_000
    )
    reference.fit(scaled(given.features), given.labels.argmax(axis=1))
    found = fit(given, penalty).logits(given.features)
    wanted = reference.decision_function(scaled(given.features))
    differences = [logits - logits.mean(axis=1, keepdims=True) for logits in (found, wanted)]
    np.testing.assert_allclose(*differences, atol=1e-2)  # of logits of up to 10: both solvers stop near there


@pytest.mark.parametrize("penalty", [1e-3, 1e-1])
def test_a_sigmoid_a_class_is_as_scikit_learn_s_and_heeds_what_does_not_count(penalty):
    given = problem(multi_label=True)
    given.weights[::5, 1] = 0
    found = fit(given, penalty).logits(given.features)
    counted = given.weights.sum() / 3  # images, each of three classes
    for k in range(3):
        rows = given.weights[:, k] > 0
        reference = linear_model.LogisticRegression(C=1 / (penalty * counted), tol=1e-10, max_iter=10_000)
        reference.fit(scaled(given.features)[rows], given.labels[rows, k])
        wanted = reference.decision_function(scaled(given.features))
        np.testing.assert_allclose(found[:, k], wanted, atol=1e-2)  # as above


def test_the_penalty_is_high_for_noise_and_low_for_what_can_be_learnt():
    noise = problem(multi_label=False, noise=1e3)
    assert choose(noise).penalty >= 0.1 > choose(problem(multi_label=False, noise=0.1, images=200)).penalty


def test_views_of_one_image_stay_together_so_that_none_tells_of_the_other():
    random = np.random.RandomState(0)
    labels, weights = np.eye(3)[random.randint(3, size=12)], np.ones((12, 3))
    few = Problem(random.randn(12, 40), labels, weights, False)  # noise, which 40 features learn by heart
    twice = Problem(*(np.repeat(v, 2, axis=0) for v in (few.features, labels, weights)), False)
    together = choose(twice, groups=np.repeat(np.arange(12), 2)).penalty
    assert together == choose(few).penalty > choose(twice).penalty


def test_more_features_than_rows_are_fitted_as_where_there_are_fewer():
    random = np.random.RandomState(4)
    labels = (random.rand(30, 3) < 0.5).astype(float)
    wide = Problem(random.randn(30, 40) * 2 + 1, labels, np.ones((30, 3)), True)
    twice = Problem(*(np.repeat(v, 2, axis=0) for v in (wide.features, labels, wide.weights)), True)
    one, other = fit(wide, 0.1), fit(twice, 0.1)
    # both stop where a step changes the loss by 1e-9 of it, which is 1e-4 of a kernel at this penalty
    np.testing.assert_allclose(one.kernel, other.kernel, atol=1e-3)
    np.testing.assert_allclose(one.bias, other.bias, atol=1e-3)


def test_constant_features_empty_classes_and_one_image_do_no_harm():
    flat = Problem(np.ones((4, 2)), np.array([[1, 0, 0]] * 4, float), np.ones((4, 3)), True)
    for given in (flat, flat.of(np.arange(4) == 0)):
        found = choose(given)
        assert (
            np.isfinite(found.kernel).all() and np.isfinite(found.bias).all() and found.penalty in PENALTIES
        )
