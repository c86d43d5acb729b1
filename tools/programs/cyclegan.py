"""CycleGAN: both generators there and back, and the four networks trained."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import model
import tensorflow as tf

REPOSITORY = "xhujoy/CycleGAN-tensorflow"
COMMIT = "bd19873a2eca15383ab70786ec0beadcd6e00c7f"
LICENCE = ""
SUBJECT = "CycleGAN, generators and discriminators trained"
ARGUMENTS = Namespace(
    batch_size=1,
    fine_size=64,
    input_nc=3,
    output_nc=3,
    L1_lambda=10.0,
    dataset_dir="none",
    use_resnet=True,
    use_lsgan=True,
    ngf=8,
    ndf=8,
    phase="train",
    max_size=50,
)


def gan(draw: Any) -> tuple[Any, dict[Any, Any]]:
    net = model.cyclegan(None, ARGUMENTS)
    feeds = {net.real_data: draw("pairs", (1, 64, 64, 6), -1, 1)}
    feeds.update(
        {fake: draw(fake.op.name, (1, 64, 64, 3), -1, 1) for fake in (net.fake_A_sample, net.fake_B_sample)}
    )
    return net, feeds


def build(draw: Any) -> tuple[dict[str, Any], dict[Any, Any]]:
    net, feeds = gan(draw)
    return {"fake_b": net.fake_B, "fake_a_again": net.fake_A_, "judged": net.DA_fake}, feeds


def train(draw: Any) -> tuple[Any, dict[str, Any], dict[Any, Any]]:
    net, feeds = gan(draw)
    turns = [tf.train.AdamOptimizer(2e-4, beta1=0.5).minimize(net.g_loss, var_list=net.g_vars)]
    with tf.control_dependencies(turns):
        turns.append(tf.train.AdamOptimizer(2e-4, beta1=0.5).minimize(net.d_loss, var_list=net.d_vars))
    return turns, {"g": net.g_loss, "d": net.d_loss, "a2b": net.g_loss_a2b}, feeds
