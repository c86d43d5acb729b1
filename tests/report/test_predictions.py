"""Which images are most right and most wrong, and what was taken for what."""

import numpy as np
import pytest

from slimzoo.report import confusion, select_examples

CLASSES = ["cat", "dog", "person"]
LABELS = np.array([[1, 0, 1], [1, 0, 0], [0, 1, 0], [0, 1, 1]])
SCORES = np.array([[0.9, 0.2, 0.7], [0.3, 0.8, 0.1], [0.1, 0.6, 0.5], [0.9, 0.35, 0.95]])
PATHS = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]


def test_examples_are_ordered_by_margin_and_none_is_in_both_groups():
    chosen = select_examples(PATHS, LABELS, SCORES, CLASSES)
    assert [(e.image_path, e.group) for e in chosen] == [
        ("a.jpg", "right"),
        ("c.jpg", "right"),
        ("d.jpg", "wrong"),
        ("b.jpg", "wrong"),
    ]
    assert [round(e.score, 3) for e in chosen] == [0.5, 0.1, -0.55, -0.5]
    assert chosen[0].true_labels == ["cat", "person"]
    assert list(chosen[0].scores) == ["cat", "person", "dog"]


def test_ignored_classes_count_neither_way():
    weights = np.ones_like(SCORES)
    weights[3, 0] = 0  # the cat that scored 0.9 in an image without one
    chosen = {e.image_path: e for e in select_examples(PATHS, LABELS, SCORES, CLASSES, weights=weights)}
    assert "d.jpg" not in chosen  # no absent class is left to compare with
    assert confusion(LABELS, SCORES, CLASSES, multi_label=True, weights=weights).counts[1] == [0, 0, 0]


def test_an_image_without_a_class_or_with_a_score_that_is_not_finite_has_no_margin():
    labels, scores = LABELS.copy(), SCORES.copy()
    labels[0] = 0
    scores[1, 0] = np.nan
    assert {e.image_path for e in select_examples(PATHS, labels, scores, CLASSES)} == {"c.jpg", "d.jpg"}


def test_no_images_give_no_examples_and_an_empty_confusion():
    none = np.zeros((0, 3))
    assert select_examples([], none, none, CLASSES) == []
    assert confusion(none, none, CLASSES, multi_label=True).counts == [[0] * 3] * 3


def test_with_several_labels_a_miss_is_counted_for_the_best_absent_class():
    found = confusion(LABELS, SCORES, CLASSES, multi_label=True)
    assert found.counts == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert found.positives == [2, 2, 2]


def test_with_one_label_the_confusion_matrix_equals_the_independent_one():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    true, scores = rng.integers(0, 5, 200), rng.random((200, 5))
    found = confusion(np.eye(5)[true], scores, list("abcde"), multi_label=False)
    expected = metrics.confusion_matrix(true, scores.argmax(axis=1), labels=range(5))
    np.testing.assert_array_equal(found.counts, expected)


def test_shapes_that_do_not_fit_are_all_named():
    with pytest.raises(ValueError, match=r"\[4, 3\], given labels \(4, 2\), scores \(2, 3\)"):
        select_examples(PATHS, LABELS[:, :2], SCORES[:2], CLASSES, weights=np.ones((4, 3)))
