"""Faster R-CNN over ResNet-50: its proposals, classes and boxes in a test."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from nms.py_cpu_nms import py_cpu_nms

COMPILED = {"nms.gpu_nms": "gpu_nms", "nms.cpu_nms": "cpu_nms", "utils.cython_bbox": "bbox_overlaps"}
for module, function in COMPILED.items():  # the graph of a test has its own, and overlaps are for training
    sys.modules[module] = ModuleType(module)
    setattr(sys.modules[module], function, py_cpu_nms)

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
        "Placeholder:0": draw("image", (1, 96, 128, 3)) / 50,
        "Placeholder_1:0": np.array([96, 128, 1.0]),
    }
    return found, feeds
