"""Where VariableDeviceChooser places variables; all strings are TensorFlow 1.15's."""

import tensorflow as tf

from slimzoo import slim


def test_without_servers_all_variables_go_to_one_device():
    choose = slim.VariableDeviceChooser(device_type="GPU", device_index=1)
    assert [choose(None), choose(None)] == ["/device:GPU:1"] * 2
    assert slim.VariableDeviceChooser(device_index=None)(None) == "/device:CPU:*"


def test_servers_take_turns():
    choose = slim.VariableDeviceChooser(num_tasks=2, replica=3)
    assert [choose(None) for _ in range(3)] == [
        "/job:ps/replica:3/task:0/device:CPU:0",
        "/job:ps/replica:3/task:1/device:CPU:0",
        "/job:ps/replica:3/task:0/device:CPU:0",
    ]


def test_a_variable_takes_the_chooser_as_its_device():
    chooser = slim.VariableDeviceChooser(num_tasks=2)
    with tf.Graph().as_default(), slim.arg_scope([slim.variable], device=chooser):
        devices = [slim.variable(name, [1]).device for name in "ab"]
    assert devices == ["/job:ps/task:0/device:CPU:0", "/job:ps/task:1/device:CPU:0"]
