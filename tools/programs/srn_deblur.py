"""SRN-Deblur: a picture sharpened at three scales with one recurrent state, and its loss trained."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import tensorflow as tf
from models import model

REPOSITORY = "jiangsutx/SRN-Deblur"
COMMIT = "2caaa851a030179073d22ee376be09ea874df026"
LICENCE = "MIT"
SUBJECT = "deblurring at three scales with a convolutional LSTM, trained"


def sharpened(draw: Any) -> list[Any]:
    with open("list.txt", "w") as file:
        file.write("a b\n")
    arguments = Namespace(model="lstm", datalist="list.txt", batch_size=1, epoch=1, learning_rate=1e-4)
    net = model.DEBLUR(arguments)
    return net.generator(tf.constant(draw("blurred", (1, 64, 64, 1), 0, 1)))


def build(draw: Any) -> dict[str, Any]:
    return {"sharpened": sharpened(draw)}


def train(draw: Any) -> tuple[Any, dict[str, Any]]:
    found = sharpened(draw)
    losses = [
        tf.reduce_mean(tf.square(x - draw(f"truth {n}", tuple(x.shape.as_list()))))
        for n, x in enumerate(found)
    ]
    return tf.train.AdamOptimizer(1e-4).minimize(tf.add_n(losses)), {"losses": losses}
