"""What is on these images?"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

from slimzoo.loading.arguments import LoadArguments
from slimzoo.loading.load import load

if TYPE_CHECKING:
    from slimzoo.model.model import Model


def predict(
    model: "Model | str | os.PathLike",
    images: Sequence[Any],
    top: int = 5,
    batch_size: int = 32,
    pretrained: bool = False,
    turn: bool = True,
    **arguments: Unpack[LoadArguments],
) -> list[list[tuple[int, str, float]]]:
    """Returns for each image its best (class, name, probability).

    Args:
      model: a Model, or what load() takes, with `pretrained` and `arguments`.
      images: paths of image files, PIL images, or arrays uint8 [H, W, C].
      turn: files are turned upright where EXIF says how the camera was held.
    """
    if isinstance(model, str | os.PathLike):
        model = load(model, pretrained, **arguments)
    found = []
    for start in range(0, len(images), batch_size):
        batch = model.preprocess(images[start : start + batch_size], turn)
        found += model.decode_predictions(model(batch), top)
    return found
