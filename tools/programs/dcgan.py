"""DCGAN: pictures from noise, and both losses trained in turn as its train() does."""

from __future__ import annotations

import os
from typing import Any

import cv2
import model
import tensorflow as tf

REPOSITORY = "carpedm20/DCGAN-tensorflow"
COMMIT = "62c9a2a7f74505cad30858bf40307c93e5bd9293"
LICENCE = "MIT"
SUBJECT = "DCGAN, generator and discriminator trained"


def gan(draw: Any) -> tuple[Any, dict[Any, Any]]:
    os.makedirs("data/drawn", exist_ok=True)
    for number in range(4):
        cv2.imwrite(f"data/drawn/{number}.jpg", draw(f"picture {number}", (32, 32, 3), 0, 255))
    net = model.DCGAN(
        None,
        32,
        32,
        True,
        4,
        4,
        32,
        32,
        gf_dim=8,
        df_dim=8,
        gfc_dim=16,
        dfc_dim=16,
        dataset_name="drawn",
        data_dir="data",
    )
    return net, {net.inputs: draw("real", (4, 32, 32, 3), -1, 1), net.z: draw("z", (4, 100), -1, 1)}


def build(draw: Any) -> tuple[dict[str, Any], dict[Any, Any]]:
    net, feeds = gan(draw)
    return {"sampler": net.sampler}, feeds  # alone: the others move the averages that it reads


def train(draw: Any) -> tuple[Any, dict[str, Any], dict[Any, Any]]:
    net, feeds = gan(draw)
    tf.summary.merge([net.d__sum, net.G_sum, net.d_loss_fake_sum, net.g_loss_sum])
    turns = [tf.train.AdamOptimizer(2e-4, beta1=0.5).minimize(net.d_loss, var_list=net.d_vars)]
    with tf.control_dependencies(turns):
        turns.append(tf.train.AdamOptimizer(2e-4, beta1=0.5).minimize(net.g_loss, var_list=net.g_vars))
    return turns, {"d": net.d_loss, "g": net.g_loss}, feeds
