"""What a Model says of images, in words and in masks."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from slimzoo.model.images import OfImages, best_of
from slimzoo.preprocessing.views import Views
from slimzoo.registry import CLASSIFICATION, SEGMENTATION, Network, check_task
from slimzoo.tracing.discovery import Discovery


def task_of(network: Network | None, discovery: Discovery) -> str:
    """Returns what a network tells apart, of registry.TASKS: its row says, or the shape of its logits."""
    if network is not None:
        return network.task
    return SEGMENTATION if len(discovery.output_shape) == 4 else CLASSIFICATION


class Answers(OfImages):
    """The part of a Model, or Predictor, that turns its logits into names of classes, or into masks."""

    @property
    def task(self) -> str:
        """One of registry.TASKS: classes of images, logits [N, classes], or of pixels, [N, H, W, classes]."""
        raise NotImplementedError

    def decode_predictions(self, logits: Any, top: int = 5) -> list[list[tuple[int, str, float]]]:
        """Returns for each row of `logits` [N, classes] the best (class, name, probability), best first.

        Probabilities are a softmax, or a sigmoid for weights of several labels an image.
        """
        check_task(self.name, self.task, CLASSIFICATION)
        return best_of(logits, top, self.labels, self.num_classes, self.multi_label)

    def predict_masks(
        self,
        images: Any,
        batch_size: int = 8,
        turn: bool = True,
        *,
        scales: Sequence[float] = (1.0,),
        flip: bool = False,
        tile: int | None = None,
    ) -> np.ndarray | list[np.ndarray]:
        """Returns the class of every pixel, uint8 [N, H, W] at the size of `images`.

        Images of several sizes give a list of [H, W]. slimzoo.labels.dense colours masks and lays them over
        images. Where preprocessing made an image smaller, its logits are enlarged before the best is taken.

        Args:
          images: as preprocess() takes them: pixels of 0..255 [H, W, 3], a batch, a list, or paths.
          batch_size: images at a time.
          turn: files are turned upright where EXIF says how the camera was held.
          scales, flip, tile: the fields of slimzoo.preprocessing.views.Views. Of several scales and mirror
            images the probabilities are averaged; tile=64 looks at a large image in squares that share 64
            pixels, in place of shrinking it.
        Raises: SlimzooError: the network gives one class an image; an image cannot be read, all are named;
          the preprocessing does not see all of an image.
        """
        from slimzoo.model.masks import masks_of

        return masks_of(self, images, batch_size, turn, Views(scales=tuple(scales), flip=flip, tile=tile))
