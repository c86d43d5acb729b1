"""The old table of networks by name."""

import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.compat.nets import nets_factory


def images(size, channels=3):
    return tf.zeros([2, size, size, channels])


def test_the_tables_hold_the_published_functions_in_the_published_order():
    built = (*slimzoo.list_models(), "i3d", "s3dg")
    known = [name for name in nets_factory.PUBLISHED if name in built]
    assert list(nets_factory.networks_map) == list(nets_factory.arg_scopes_map) == known
    assert nets_factory.networks_map["vgg_16"] is slimzoo.get_network("vgg_16").build
    assert {"alexnet_v2", "resnet_v1_200", "resnet_v2_50", "mobilenet_v1"} <= set(known)


@pytest.mark.parametrize("name", nets_factory.networks_map)
def test_a_network_function_says_its_image_size(name):
    network_fn = nets_factory.get_network_fn(name, 5)
    videos = name in ("i3d", "s3dg")  # not registered
    assert network_fn.default_image_size == (224 if videos else slimzoo.get_network(name).image_size)
    assert network_fn.__name__ == nets_factory.networks_map[name].__name__


def test_a_network_function_enters_its_arg_scope_with_the_weight_decay():
    for weight_decay, penalties in ((0.0, 0), (0.1, 5)):
        network_fn = nets_factory.get_network_fn("lenet", 5, weight_decay, is_training=True)
        with tf.Graph().as_default():
            logits, end_points = network_fn(images(28, 1))
            assert logits.shape.as_list() == [2, 5] and "Predictions" in end_points
            assert bool(slim.losses.get_regularization_losses()) == bool(penalties)


def test_further_arguments_reach_the_network():
    network_fn = nets_factory.get_network_fn("resnet_v1_50", None)
    with tf.Graph().as_default():
        net, _ = network_fn(images(33), global_pool=False, output_stride=16)
        assert net.shape.as_list() == [2, 3, 3, 2048]


def test_a_program_may_add_a_network_of_its_own(monkeypatch):
    def little(images, num_classes, is_training):
        return slim.fully_connected(slim.flatten(images), num_classes), {"training": is_training}

    monkeypatch.setitem(nets_factory.networks_map, "little", little)
    monkeypatch.setitem(nets_factory.arg_scopes_map, "little", lambda weight_decay: {})
    network_fn = nets_factory.get_network_fn("little", 3, is_training=True)
    assert not hasattr(network_fn, "default_image_size")
    with tf.Graph().as_default():
        logits, end_points = network_fn(images(4))
        assert logits.shape.as_list() == [2, 3] and end_points == {"training": True}


def test_an_unknown_name_is_a_value_error_that_names_the_nearest():
    with pytest.raises(ValueError, match=r"Name of network unknown resnet50. Nearest: resnet_v"):
        nets_factory.get_network_fn("resnet50", 10)
    with pytest.raises(ValueError, match=r"Name of network unknown 7. There are alexnet_v2, "):
        nets_factory.get_network_fn(7, 10)
