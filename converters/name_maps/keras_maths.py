"""In what keras.applications computes otherwise than slim, and the arguments of our networks that undo it."""

from __future__ import annotations

from typing import Any

Maths = dict[str, Any]  # note and arguments of a NameMap
RESNET: Maths = {
    "note": (
        "Keras pads its first pooling by a pixel on every side, slim on the right and below only, so that "
        "the windows lie elsewhere; and its batch norms' epsilon is 1.001e-5, slim's 1e-5"
    ),
    "arguments": {"symmetric_pooling": True, "batch_norm_epsilon": 1.001e-5},
}
NASNET: Maths = {
    "note": (
        "Keras pads the 3x3 poolings of its reduction cells with zeros, which take part in the maximum and "
        "count in the average; slim's padding does not"
    ),
    "arguments": {"zero_padded_pools": ["avg_pool", "max_pool"]},
}
SQUEEZE: Maths = {
    "note": (
        "slim multiplies the gates of its squeeze and excite blocks by 0.16667, Keras by 1/6: the output of "
        "each differs by 2e-5 of itself"
    ),
    "arguments": {"gate_slope": 1 / 6},
}
MOBILENET_V1: Maths = {
    "note": (
        "Keras pads on the right and below before it strides, whatever the size; slim pads maps of odd size "
        "on the left and above too: images whose sides are multiples of 32 have none"
    ),
    "arguments": {"end_padding": True},
}
