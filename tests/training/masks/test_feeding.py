"""The loss of masks, against numpy: what counts, by how much, and what two devices would make of it."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo.labels.dense import VOID
from slimzoo.preprocessing import of_kind
from slimzoo.training.masks.feeding import class_weights, pairing_of, pixel_loss
from slimzoo.training.recipes import Recipe


def example(seed=0, shape=(2, 9, 9), classes=4):
    random = np.random.RandomState(seed)
    mask = random.randint(0, classes, shape).astype(np.int32)
    mask[random.rand(*shape) < 0.2] = VOID
    return random.randn(*shape, classes).astype(np.float32), mask


def each(logits, mask):
    """Returns the cross entropy of each pixel; that of void is 0."""
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    ids = np.where(mask == VOID, 0, mask)
    return np.where(mask == VOID, 0, -np.log(np.take_along_axis(shares, ids[..., None], -1)[..., 0]))


def test_the_loss_is_the_mean_over_labelled_pixels_and_void_has_no_gradient():
    logits, mask = example()
    with tf.GradientTape() as tape:
        given = tf.constant(logits)
        tape.watch(given)
        loss, terms = pixel_loss(given, mask)
    assert terms == (mask != VOID).sum()
    assert float(loss) == pytest.approx(each(logits, mask).sum() / (mask != VOID).sum(), rel=1e-5)  # float32
    gradient = np.abs(tape.gradient(loss, given).numpy()).sum(-1)
    assert (gradient[mask == VOID] == 0).all() and (gradient[mask != VOID] > 0).all()


def test_class_weights_give_each_class_the_same_share():
    _, mask = example(shape=(4, 20, 20), classes=3)
    mask[:, :15] = 0
    pixels = np.bincount(mask[mask != VOID], minlength=4)
    weights = class_weights(pixels)
    np.testing.assert_allclose((weights * pixels)[:3], pixels.sum() / 3, rtol=1e-6)  # float32
    assert weights[3] == 0
    logits = np.random.RandomState(1).randn(*mask.shape, 4).astype(np.float32)
    wanted = each(logits, mask) * np.where(mask == VOID, 0, weights[np.where(mask == VOID, 0, mask)])
    loss, _ = pixel_loss(logits, mask, weights)
    assert float(loss) == pytest.approx(wanted.sum() / (mask != VOID).sum(), rel=1e-5)  # float32


def test_of_hard_pixels_each_image_has_its_own():
    logits, mask = example()
    losses = np.sort(each(logits, mask).reshape(2, -1), axis=1)[:, ::-1]
    kept = losses[:, : round(0.25 * 81)]
    loss, terms = pixel_loss(logits, mask, hard_pixels=0.25)
    assert terms == kept.size
    assert float(loss) == pytest.approx(kept.mean(), rel=1e-5)  # float32
    one = [pixel_loss(logits[i : i + 1], mask[i : i + 1], hard_pixels=0.25) for i in range(2)]
    parts = sum(float(part) * float(count) for part, count in one) / sum(float(count) for _, count in one)
    assert parts == pytest.approx(float(loss), rel=1e-5)  # float32


def test_at_the_stride_of_the_map_the_loss_is_that_of_its_own_logits():
    """Corners of the map lie on corners of the image: enlarging keeps what it had."""
    small, _ = example(shape=(2, 5, 5))
    _, mask = example(1, shape=(2, 17, 17))
    large = tf.raw_ops.ResizeBilinear(images=small, size=[17, 17], align_corners=True)
    ours, theirs = pixel_loss(large, mask, stride=4), pixel_loss(small, mask[:, ::4, ::4])
    assert float(ours[0]) == pytest.approx(float(theirs[0]), rel=1e-5)  # float32
    assert ours[1] == theirs[1]


def test_masks_of_void_alone_give_no_loss_and_no_nan():
    logits, mask = example()
    loss, terms = pixel_loss(logits, np.full_like(mask, VOID), hard_pixels=0.5)
    assert (float(loss), float(terms)) == (0, 0)


def test_a_recipe_says_how_far_images_are_scaled():
    spec = of_kind("deeplab", 33)
    assert pairing_of(Recipe(augmentation=None), spec).how is None
    assert pairing_of(Recipe(augmentation="original"), spec).how.scales == (0.5, 2.0)
    found = pairing_of(Recipe(random_scale=(0.8, 1.3), resolution="full"), spec)
    assert found.how.scales == (0.8, 1.3) and not found.shrink
