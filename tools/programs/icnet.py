"""ICNet: three resolutions of a street in one network, and its picture of classes."""

from __future__ import annotations

from typing import Any

from model import ICNet_BN
from utils.config import Config

REPOSITORY = "hellochick/ICNet-tensorflow"
COMMIT = "90a85c4e8b2da241128f6ddc0938ab5c4336a309"
LICENCE = ""
SUBJECT = "ICNet: segmentation at three resolutions"


def build(draw: Any) -> tuple[dict[str, Any], dict[Any, Any]]:
    config = Config("cityscapes", is_training=False)
    config.INFER_SIZE = (128, 256, 3)
    net = ICNet_BN(config, mode="inference")
    layers = {name: net.layers[name] for name in ("conv6_cls", "sub4_out", "sub24_out")}
    return {**layers, "painted": net.output}, {net.img_placeholder: draw("street", (128, 256, 3), 0, 255)}
