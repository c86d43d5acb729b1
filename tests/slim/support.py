"""What the tests of the layers share: a session, inputs and weights on a ramp, three sums of a result."""

import contextlib

import numpy as np
import tensorflow as tf

from slimzoo.slim import hosting

v1 = tf.compat.v1


@contextlib.contextmanager
def graph_session():
    """Enters a new graph and a session on it."""
    with tf.Graph().as_default(), v1.Session() as session:
        yield session


def ramp(*shape):
    """Returns float32 values from -1 to 1 in even steps."""
    return np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)


def images(*shape):
    """Returns a constant of squared ramp values."""
    return tf.constant(ramp(*shape) ** 2)


def channels_first(inputs):
    """Returns [N, H, W, C] as [N, C, H, W]."""
    return tf.transpose(inputs, [0, 3, 1, 2])


def fill_with_ramps(session):
    """Gives every variable ramp values, but the averages their initial ones."""
    session.run(v1.global_variables_initializer())
    for variable in v1.global_variables():
        if not any(word in variable.op.name for word in ("moving", "renorm", "step")):
            session.run(variable.assign(ramp(*variable.shape.as_list())))


def three_sums(values):
    """Returns (sum, sum of absolute values, sum weighted by position): enough to tell two results apart."""
    flat = np.ravel(values).astype(np.float64)
    return [flat.sum(), np.abs(flat).sum(), (flat * np.arange(flat.size)).sum() / flat.size]


def names(collection):
    """Returns the op names of a graph collection."""
    return [getattr(item, "op", item).name for item in v1.get_collection(collection)]


class Host(hosting.Host):
    """A host for tests: freezes the named scopes and counts the seeds it gave."""

    def __init__(self, frozen=()):
        self.scopes, self.seeds = frozen, 0

    def frozen(self, scope):
        """Whether the scope is frozen."""
        return scope in self.scopes

    def random_seed(self):
        """Returns int32 [2], another at each call."""
        self.seeds += 1
        return tf.constant([7, self.seeds])


def assert_recorded(build, name, shape, sums, gradients):
    """Asserts that a layer on ramps gives what was recorded of TensorFlow 1.15.5.

    Args:
      name, shape: of the outputs.
      sums: `three_sums` of the outputs.
      gradients: of sum(outputs ** 2 * ramp), a sum of absolute values for the inputs and for each variable.
    """
    with graph_session() as session:
        outputs = build()
        inputs = [op.outputs[0] for op in v1.get_default_graph().get_operations() if op.type == "Const"][:1]
        weighted = tf.reduce_sum(outputs**2 * ramp(*shape))
        found = [g for g in tf.gradients(weighted, inputs + v1.trainable_variables()) if g is not None]
        fill_with_ramps(session)
        values, found = session.run([outputs, found])
    assert (outputs.op.name, values.shape) == (name, shape)
    # float32: the sums cancel from terms of up to 1000 in another order, so the absolute part
    np.testing.assert_allclose(three_sums(values), sums, rtol=1e-5, atol=2e-4)
    np.testing.assert_allclose([np.abs(g).sum() for g in found], gradients, rtol=2e-5, atol=2e-4)
