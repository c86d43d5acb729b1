"""How tensors are laid out anew: each way undoes the other, and the layers compute the same."""

from pathlib import Path

import numpy as np
import pytest

from slimzoo.converters.name_maps.transforms import (
    DEPTHWISE,
    GAMMA_INTO_KERNEL,
    OI,
    OI_AS_1X1,
    OIHW,
    dense_as_conv,
    with_background,
)
from slimzoo.converters.source import Source, tensors_of
from slimzoo.errors import SlimzooError

RANDOM = np.random.RandomState(0)


def drawn(*shape):
    return RANDOM.randn(*shape).astype(np.float32)


@pytest.mark.parametrize(
    ("transform", "shape"),
    [
        (OIHW, (4, 3, 2, 5)),
        (OI, (4, 3)),
        (DEPTHWISE, (4, 1, 3, 3)),
        (OI_AS_1X1, (4, 3)),
        (dense_as_conv(2, 3), (4, 30)),
    ],
)
def test_each_way_undoes_the_other(transform, shape):
    theirs = drawn(*shape)
    (ours,) = transform.forward(theirs)
    (back,) = transform.backward(ours)
    np.testing.assert_array_equal(back, theirs)


def test_a_dense_layer_over_a_map_of_channels_first_becomes_a_convolution_over_channels_last():
    weight, features = drawn(4, 5 * 2 * 3), drawn(2, 3, 5)  # [O, CHW]; [H, W, C]
    (kernel,) = dense_as_conv(2, 3).forward(weight)
    assert kernel.shape == (2, 3, 5, 4)
    convolved = np.einsum("hwc,hwco->o", features, kernel)
    np.testing.assert_allclose(convolved, weight @ features.transpose(2, 0, 1).ravel(), atol=1e-5)  # float32


def test_gamma_of_any_sign_goes_into_kernel_and_mean():
    kernel, gamma, mean = drawn(3, 2, 1, 1), np.float32([-2, 0, 0.5]), drawn(3)
    ours, our_mean = GAMMA_INTO_KERNEL.forward(kernel, gamma, mean)
    pixel = drawn(2)
    expected = gamma * (kernel[:, :, 0, 0] @ pixel - mean)
    np.testing.assert_allclose(pixel @ ours[0, 0] - our_mean, expected, rtol=1e-5, atol=1e-6)  # float32


def test_gamma_of_ones_changes_no_bit_and_is_what_comes_back():
    given = drawn(3, 2, 1, 1), np.ones(3, np.float32), drawn(3)
    back = GAMMA_INTO_KERNEL.backward(*GAMMA_INTO_KERNEL.forward(*given))
    for before, after in zip(given, back, strict=True):
        assert before.dtype == after.dtype
        np.testing.assert_array_equal(before, after)


HEADS = ("net/Logits", "net/AuxLogits")


def classifier(classes):
    arrays = {
        "net/conv/biases": drawn(classes),
        "net/AuxLogits/Conv2d_1b_1x1/weights": drawn(1, 1, 2, classes),  # under batch norm: no classifier
        "net/AuxLogits/Conv2d_2b_1x1/weights": drawn(1, 1, 2, classes),
        "net/AuxLogits/Conv2d_2b_1x1/biases": drawn(classes),
        "net/Logits/weights": drawn(2, classes),
        "net/Logits/biases": drawn(classes),
    }
    return Source("memory", Path("weights.npz"), tensors_of(arrays))


def test_the_background_is_dropped_from_every_classifier_and_from_nothing_else_and_the_file_says_so():
    given = classifier(1001)
    made = with_background(given, HEADS, "drop")
    changed = {name for name in given if made.shapes[name] != given.shapes[name]}
    assert changed == {
        *("net/Logits/weights", "net/Logits/biases"),
        *("net/AuxLogits/Conv2d_2b_1x1/weights", "net/AuxLogits/Conv2d_2b_1x1/biases"),
    }
    for name in changed:
        assert made[name].shape == made.shapes[name]
        np.testing.assert_array_equal(made[name], given[name][..., 1:])
    assert made.metadata == {"background": "drop"} and not given.metadata


def test_a_synthetic_background_is_never_chosen_and_is_what_drop_takes_away():
    given = classifier(1000)
    made = with_background(given, HEADS, "synthetic")
    logits = drawn(2) @ made["net/Logits/weights"] + made["net/Logits/biases"]
    assert logits.shape == (1001,) and np.exp(logits[0] - logits.max()) == 0
    assert made.metadata == {"background": "synthetic"}
    back = with_background(made, HEADS, "drop")
    for name in given:
        np.testing.assert_array_equal(back[name], given[name])


def test_a_kept_background_is_the_same_source():
    given = classifier(1001)
    assert with_background(given, HEADS, "keep") is given


@pytest.mark.parametrize(
    ("classes", "heads", "how", "message"),
    [
        (1000, HEADS, "drop", r"for classifiers of 1001 classes; .* net/Logits/biases \(1000,\)"),
        (1001, HEADS, "synthetic", r"for classifiers of 1000 classes; .* net/Logits/biases \(1001,\)"),
        (1001, ("net/fc8",), "drop", "has no biases in net/fc8"),
        (1001, HEADS, "remove", "background is one of keep, drop, synthetic, not 'remove'"),
    ],
)
def test_a_background_that_cannot_be_changed_is_said(classes, heads, how, message):
    with pytest.raises(SlimzooError, match=message):
        with_background(classifier(classes), heads, how)
