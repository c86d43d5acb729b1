"""What the layers ask of a host, and what it answers that says nothing."""

import pytest
import tensorflow as tf

from slimzoo import slim
from slimzoo.slim.hosting import HOST, Host, hosted_by
from tests.slim.support import graph_session, images


def test_a_host_that_says_nothing_freezes_nothing_and_keeps_names_and_graphs():
    host = Host()
    assert not (host.frozen("conv1/BatchNorm") or host.wants_shapes_alone or host.convolves_by_product)
    assert host.own_name("conv1/weights") == "conv1/weights"


def test_a_random_layer_under_a_host_without_seeds_says_what_the_host_lacks():
    class Seedless(Host):
        """Draws nothing."""

    with (
        hosted_by(Seedless()),
        graph_session(),
        pytest.raises(NotImplementedError, match="Seedless defines no"),
    ):
        slim.dropout(images(1, 2, 2, 1))


def test_a_host_is_asked_in_its_block_alone_even_after_an_error():
    host = Host()
    with pytest.raises(KeyError), hosted_by(host):
        assert HOST.get() is host
        raise KeyError
    assert HOST.get() is None


@pytest.mark.parametrize("alone", [True, False])
def test_only_a_host_that_wants_shapes_alone_has_no_batch_norm_computed(alone):
    host = Host()
    host.wants_shapes_alone = alone
    with hosted_by(host), graph_session() as session:
        outputs = slim.batch_norm(images(2, 3, 3, 2))
        kinds = {op.type for op in session.graph.get_operations()}
    assert outputs.shape == (2, 3, 3, 2) and outputs.dtype == tf.float32
    assert ("FusedBatchNormV3" in kinds) != alone
