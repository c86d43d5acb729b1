"""Faster R-CNN over ResNet-50: its proposals, classes and boxes in a test."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from nms.py_cpu_nms import py_cpu_nms

for compiled in ("gpu_nms", "cpu_nms"):  # its graph has its own, which is used
    sys.modules[f"nms.{compiled}"] = ModuleType(compiled)
    setattr(sys.modules[f"nms.{compiled}"], compiled, py_cpu_nms)

import numpy as np  # noqa: E402
from model.config import cfg  # noqa: E402
from nets.resnet_v1 import resnetv1  # noqa: E402

REPOSITORY = "endernewton/tf-faster-rcnn"
COMMIT = "b4da911705925ec00e8359b76a2d7260f6d1d314"
LICENCE = "MIT"
SUBJECT = "Faster R-CNN over ResNet-50: anchors, proposals, region heads"
FOLDERS = ("lib",)


def build(draw: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    cfg.TEST.RPN_POST_NMS_TOP_N = 8
    found = resnetv1(num_layers=50).create_architecture("TEST", 21, tag="default")
    feeds = {
        "Placeholder:0": draw("image", (1, 96, 128, 3)) * 50,
        "Placeholder_1:0": np.array([96, 128, 1.0]),
    }
    return found, feeds
