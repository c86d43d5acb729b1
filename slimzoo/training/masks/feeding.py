"""What a run trains on and by where every pixel has a class."""

import numpy as np
import tensorflow as tf

from slimzoo import slim
from slimzoo.data.dense.batches import batches
from slimzoo.data.dense.dataset import MaskDataset
from slimzoo.labels.dense import VOID
from slimzoo.model.model import Model
from slimzoo.preprocessing import Preprocessing
from slimzoo.preprocessing.augmentation import get_augmentation
from slimzoo.preprocessing.paired import Pairing
from slimzoo.training.balance import odds
from slimzoo.training.losses import Batch, BatchLoss
from slimzoo.training.recipes import Recipe
from slimzoo.training.settings import Settings


class MaskFeed:
    """The batches of a run; which images step s holds, and how each is changed, follows from (seed, s).

    Args:
      share: (begin, end) of the rows of each batch that this process makes; None: all.
    """

    def __init__(
        self, settings: Settings, preprocessing: Preprocessing, share: tuple[int, int] | None = None
    ):
        self._settings, self._preprocessing, self._share = settings, preprocessing, share
        self._train = masked(settings.train)
        self._odds = odds(self._train) if settings.recipe.sampling == "balanced" else None
        self._pairing = pairing_of(settings.recipe, preprocessing)

    def size_at(self, step: int) -> int | None:
        """Returns None: the images are as large from the first step on."""
        del step
        return None

    def batches(self, step: int) -> tf.data.Dataset:
        """Returns the batches from `step` on."""
        return self._from(step, self._share)

    def unmixed(self) -> tf.data.Dataset:
        """Returns the batches from the first on, whole."""
        return self._from(0, None)

    def _from(self, step: int, share: tuple[int, int] | None) -> tf.data.Dataset:
        return batches(
            self._train,
            self._preprocessing,
            self._settings.recipe.batch_size,
            pairing=self._pairing,
            seed=self._settings.seed,
            start_step=step,
            odds=self._odds,
            share=share,
        )


def masked(data: object) -> MaskDataset:
    """Returns `data`, whose task said that it has masks."""
    assert isinstance(data, MaskDataset)
    return data


def pairing_of(recipe: Recipe, preprocessing: Preprocessing) -> Pairing:
    """Returns how `recipe` makes training views of images and masks."""
    how = None if recipe.augmentation is None else get_augmentation(preprocessing, recipe.augmentation)
    if how is not None and recipe.random_scale is not None:
        low, high = recipe.random_scale
        how = how.with_scales((low, high))
    return Pairing(how=how, shrink=recipe.resolution == "fitted", void=VOID)


def loss_of(settings: Settings) -> BatchLoss:
    """Returns the loss of a batch with masks, as the recipe of `settings` has it."""
    recipe, train = settings.recipe, masked(settings.train)
    weights = class_weights(train.pixels.sum(0)) if recipe.class_weights == "balanced" else None

    def loss(model: Model, logits: tf.Tensor, batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
        del model
        return pixel_loss(
            logits, batch["mask"], weights, hard_pixels=recipe.hard_pixels, stride=recipe.loss_stride
        )

    return loss


def class_weights(pixels: np.ndarray) -> np.ndarray:
    """Returns weights by which each class has the same share in the loss, float32 [K]; their mean is 1.

    Args:
      pixels: of each class, int64 [K]; a class without any has weight 0.
    """
    there = pixels > 0
    found = np.divide(pixels.sum() / max(there.sum(), 1), pixels, out=np.zeros(len(pixels)), where=there)
    return found.astype(np.float32)


def pixel_loss(
    logits: tf.Tensor,
    mask: tf.Tensor,
    weights: np.ndarray | None = None,
    *,
    hard_pixels: float = 1.0,
    stride: int = 1,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns (mean softmax cross entropy of the pixels that count, how many these are).

    Args:
      logits: [N, H, W, K].
      mask: int [N, H, W], class ids, and VOID where a pixel does not count.
      weights: of the classes, float32 [K]; None: 1.
      hard_pixels: the part of the pixels of each image, by their loss, that counts; each image for itself, so
        that two devices choose as one.
      stride: every so many-th row and column is looked at.
    """
    logits, mask = tf.cast(logits[:, ::stride, ::stride], tf.float32), mask[:, ::stride, ::stride]
    labelled = mask != VOID
    ids = tf.where(labelled, mask, 0)
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=ids, logits=logits)
    counts = tf.cast(labelled, tf.float32)
    if weights is not None:
        counts *= tf.gather(tf.constant(weights), ids)
    if hard_pixels < 1.0:
        each, counts = _hardest(each, counts, hard_pixels)
    each, counts = tf.reshape(each, [-1]), tf.reshape(counts, [-1])
    terms = tf.reduce_sum(tf.cast(counts > 0, tf.float32))
    return slim.losses.compute_weighted_loss(each, counts), terms


def _hardest(each: tf.Tensor, counts: tf.Tensor, part: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns losses and weights, [N, H, W], of the `part` with the highest weighted loss: [N, k]."""
    pixels = int(np.prod(each.shape[1:]))
    each, counts = tf.reshape(each, [-1, pixels]), tf.reshape(counts, [-1, pixels])
    _, chosen = tf.math.top_k(tf.stop_gradient(each * counts), max(round(part * pixels), 1), sorted=False)
    return tf.gather(each, chosen, batch_dims=1), tf.gather(counts, chosen, batch_dims=1)
