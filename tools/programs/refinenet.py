"""RefineNet over ResNet-101: what each resolution adds."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from nets import model

REPOSITORY = "eragonruan/refinenet-image-segmentation"
COMMIT = "ef77407fb1abc7f72f421d63bc409acebeb2cbea"
LICENCE = ""
FOLDERS = (".", "nets")
SUBJECT = "RefineNet: segmentation by multi-path refinement"


def build(draw: Any) -> dict[str, Any]:
    found = model.model(tf.constant(draw("images", (1, 64, 64, 3), 0, 255)), is_training=False)
    return {"logits": found}
