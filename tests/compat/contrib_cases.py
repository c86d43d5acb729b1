"""Programs of tf.contrib, and what is compared of each: run by TensorFlow 1.15 and here.

tools/record_contrib_cases.py runs them there. It is Python 3.7; `tf` is given: TensorFlow 1's, or slimzoo's.
"""

import numpy as np

OPTIMIZERS = {  # name: an expression of tf, O (tf.contrib.opt), the variables w, e and b, step
    "Nadam": "O.NadamOptimizer(0.1)",
    "LazyAdam": "O.LazyAdamOptimizer(0.1, 0.8, 0.9, 1e-3)",
    "AdaMax": "O.AdaMaxOptimizer(0.1)",
    "AdamW": "O.AdamWOptimizer(0.01, 0.1)",
    "MomentumW": "O.MomentumWOptimizer(0.01, 0.1, 0.9)",
    "MomentumW by Nesterov": "O.MomentumWOptimizer(tf.constant(0.01), 0.1, 0.9, use_nesterov=True)",
    "decay of one variable": "Only(O.AdamWOptimizer(0.1, 0.1), decay_var_list=[w])",
    "extended": "O.extend_with_decoupled_weight_decay(tf.train.GradientDescentOptimizer)("
    "weight_decay=0.01, learning_rate=0.1)",
    "AdamGS": "O.AdamGSOptimizer(step, 0.1)",
    "LazyAdamGS": "O.LazyAdamGSOptimizer(step, 0.1)",
    "LARS": "O.LARSOptimizer(0.5, eeta=0.1, weight_decay=0.01, skip_list=['b'])",
    "LARS by Nesterov": "O.LARSOptimizer(0.5, 0.8, use_nesterov=True, epsilon=0.1)",
    "PowerSign": "O.PowerSignOptimizer(0.1)",
    "PowerSign decayed": "O.PowerSignOptimizer(0.1, base=2.0, sign_decay_fn=signs.get_linear_decay_fn(10))",
    "AddSign": "O.AddSignOptimizer(0.1)",
    "AddSign by a cosine": "O.AddSignOptimizer(0.1, sign_decay_fn=signs.get_cosine_decay_fn(4, 1, 0.5))",
    "AddSign restarted": "O.AddSignOptimizer(0.1, sign_decay_fn=signs.get_restart_decay_fn(8, 2, 1.25))",
    "RegAdagrad": "O.RegAdagradOptimizer(0.1)",
    "MovingAverage": "O.MovingAverageOptimizer(tf.train.MomentumOptimizer(0.1, 0.9), 0.5)",
    "MovingAverage of steps": "O.MovingAverageOptimizer(tf.train.AdamOptimizer(0.1), 0.9, num_updates=step)",
    "clipped": "O.VariableClippingOptimizer(tf.train.GradientDescentOptimizer(0.5), {w: [0], e: [1]}, 0.5)",
    "stale": "Fresh(O.DropStaleGradientOptimizer(tf.train.AdamOptimizer(0.1), 2))",
    "multitask": "O.MultitaskOptimizerWrapper(tf.train.MomentumOptimizer(0.1, 0.9))",
}


def ramp(shape):
    """Returns values from -1 to 1, squared and signed, so that no mean is 0."""
    values = np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)
    return values * np.abs(values) + np.float32(0.25)


class Only:
    """An optimizer whose apply_gradients has one more argument."""

    def __init__(self, optimizer, **given):
        self.optimizer, self.given = optimizer, given

    def apply_gradients(self, gradients, step):
        return self.optimizer.apply_gradients(gradients, step, **self.given)


class Fresh:
    """An optimizer that has computed a gradient before it applies others."""

    def __init__(self, optimizer):
        self.optimizer = optimizer

    def apply_gradients(self, gradients, step):
        variable = gradients[0][1]
        self.optimizer.compute_gradients(variable * 2.0, [variable])
        return self.optimizer.apply_gradients(gradients, step)


def steps(tf, case, signs, resource=False):
    """Returns the variables after five steps: their names, shapes and sums."""
    with tf.Graph().as_default(), tf.variable_scope("net", use_resource=resource):
        w = tf.get_variable("w", initializer=ramp((3, 4)))
        e = tf.get_variable("e", initializer=ramp((5, 2)))
        b = tf.get_variable("b", initializer=ramp((4,)))
        step = tf.train.get_or_create_global_step()
        scale = tf.cos(tf.cast(tf.identity(step), tf.float32) * 2.0)
        rows = tf.IndexedSlices(
            tf.constant(ramp((3, 2))) * scale, tf.constant([1, 3, 1]), tf.constant([5, 2])
        )
        gradients = [(tf.constant(ramp((3, 4))) * scale, w), (rows, e), (tf.zeros([4]) * scale, b)]
        names = {"O": tf.contrib.opt, "w": w, "e": e, "b": b, "step": step, "signs": signs, "tf": tf}
        names.update(Only=Only, Fresh=Fresh)
        train_op = eval(OPTIMIZERS[case], names).apply_gradients(gradients, step)
        variables = tf.global_variables()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for _ in range(5):
                session.run(train_op)
            return [
                [variable.op.name, variable.shape.as_list(), two_sums(session.run(variable))]
                for variable in variables
            ]


def two_sums(values):
    """Returns the sum and the sum weighted by position."""
    flat = np.ravel(values).astype(np.float64)
    return [float(f"{s:.6g}") for s in (flat.sum(), (flat * np.cos(np.arange(flat.size))).sum())]
