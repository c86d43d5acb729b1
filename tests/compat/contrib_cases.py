"""Programs of tf.contrib, and what is compared of each: run by TensorFlow 1.15 and here.

tools/record_contrib_cases.py runs them there. It is Python 3.7; `tf` is given: TensorFlow 1's, or slimzoo's,
and `find`, which returns a module by its old name.
"""

from functools import partial

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
    "scaled": "Poisoned(P.LossScaleOptimizer(tf.train.MomentumOptimizer(0.1, 0.9), "
    "P.ExponentialUpdateLossScaleManager(8.0, 2, 1, 3.0)), step)",
    "scaled down": "Poisoned(P.LossScaleOptimizer(tf.train.AdamOptimizer(0.1), "
    "P.ExponentialUpdateLossScaleManager(1.1, 9)), step * 0)",
    "scaled as ever": "P.LossScaleOptimizer("
    "tf.train.GradientDescentOptimizer(0.1), P.FixedLossScaleManager(4.0))",
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


class Poisoned:
    """An optimizer of a scaled loss, one of whose gradients is infinite in a step."""

    def __init__(self, tf, optimizer, step):
        self.tf, self.optimizer, self.step = tf, optimizer, step

    def apply_gradients(self, gradients, step):
        b = gradients[-1][1]
        slope = self.optimizer.compute_gradients(b * ramp((4,)), [b])[0][0]
        slope /= self.tf.cast(self.tf.abs(self.step - 2), self.tf.float32)  # of global step 2: infinite
        return self.optimizer.apply_gradients([*gradients[:-1], (slope, b)], step)


def steps(tf, case, find, resource=False):
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
        signs = find("tensorflow.contrib.opt.python.training.sign_decay")
        names = {"O": tf.contrib.opt, "w": w, "e": e, "b": b, "step": step, "signs": signs, "tf": tf}
        names.update(Only=Only, Fresh=Fresh, Poisoned=partial(Poisoned, tf), P=tf.contrib.mixed_precision)
        train_op = eval(OPTIMIZERS[case], names).apply_gradients(gradients, step)
        variables = tf.global_variables()
        with tf.Session(config=plain(tf)) as session:
            session.run(tf.global_variables_initializer())
            for _ in range(5):
                session.run(train_op)
            return [
                [variable.op.name, variable.shape.as_list(), two_sums(session.run(variable))]
                for variable in variables
            ]


def plain(tf):
    """Returns the configuration of a session that runs a graph as it is, which is faster here."""
    config = tf.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    return config


def two_sums(values):
    """Returns the sum and the sum weighted by position."""
    flat = np.ravel(values).astype(np.float64)
    return [float(f"{s:.6g}") for s in (flat.sum(), (flat * np.cos(np.arange(flat.size))).sum())]


TENSORS = {  # name: an expression of what `environment` has; gradients are of what `x` is called with
    "crf": "crf(C.crf.crf_log_likelihood)",
    "crf of one step": "crf(C.crf.crf_log_likelihood, slice(0, 1))",
    "crf of any length": "crf(C.crf.crf_log_likelihood, slice(0, unknown(3)))",
    "crf by names": "crf(lambda x, tags, lengths, w: C.crf.crf_sequence_score(x, tags, lengths, w) * "
    "C.crf.crf_log_norm(x, lengths, w))",
    "crf of several tags": "crf(lambda x, tags, lengths, w: C.crf.crf_multitag_sequence_score("
    "x, tf.sequence_mask(tags + 1, 4), lengths, w))",
    "crf of several tags in one step": "crf(lambda x, tags, lengths, w: C.crf.crf_multitag_sequence_score("
    "x, tf.sequence_mask(tags + 1, 4), lengths, w), slice(0, 1))",
    "crf decoded": "crf(lambda x, tags, lengths, w: C.crf.crf_decode(x, w, lengths))",
    "crf decoded in one step": "crf("
    "lambda x, tags, lengths, w: C.crf.crf_decode(x, w, lengths), slice(0, 1))",
    "crf decoded by NumPy": "C.crf.viterbi_decode(ramp((5, 4)) ** 2, wave((4, 4)))[0]",
    "crf cells": "[C.crf.CrfForwardRnnCell(x(w1))(x(w2), x(w3)), "
    "C.crf.CrfDecodeForwardRnnCell(w1)(w2, w3), "
    "C.crf.CrfDecodeBackwardRnnCell(4)(tf.constant([[1, 2, 0, 3]]), tf.constant([[1]]))]",
    "sparsemax": "C.sparsemax.sparsemax(x(wave((4, 6))))",
    "sparsemax loss": "C.sparsemax.sparsemax_loss(x(wave((4, 6))), C.sparsemax.sparsemax(wave((4, 6))), "
    "tf.one_hot([0, 5, 2, 1], 6))",
    "resampler": "C.resampler.resampler(x(wave((2, 4, 5, 3))), x(wave((2, 3, 4, 2)) * 4.0))",
    "resampler on pixels": "C.resampler.resampler(x(wave((1, 4, 5, 3))), x(tf.constant(["
    "[[0.0, 0.0], [4.0, 3.0], [-1.0, 1.0], [5.0, 1.0], [-0.5, 3.5], [2.0, 1.5]]])))",
    "alpha dropout": "C.nn.alpha_dropout(x(wave((4, 6))), 0.7, seed=3)",
    "softplus": "C.nn.scaled_softplus(x(wave((4, 6))), x(tf.constant(0.5)))",
    "softplus clipped": "C.nn.scaled_softplus(x(wave((4, 6))), x(tf.constant(2.0)), x(tf.constant(1.5)))",
    "flipped": "[C.nn.deprecated_flipped_softmax_cross_entropy_with_logits(x(w1), w2),"
    "C.nn.deprecated_flipped_sigmoid_cross_entropy_with_logits(x(w1), w2),"
    "C.nn.deprecated_flipped_sparse_softmax_cross_entropy_with_logits(x(w1), [0, 1, 3, 2])]",
    "nth element": "[C.nn.nth_element(w1, 1), C.nn.nth_element(w1, 1, reverse=True)]",
    "sampled softmax": "C.nn.sampled_sparse_softmax_loss(x(w1), x(ramp((4,))), "
    "tf.constant([[1], [0]], tf.int64), x(wave((2, 4))), 3, 4, sampled)",
    "rank sampled softmax": "C.nn.rank_sampled_softmax_loss(x(w1), x(ramp((4,))), "
    "tf.constant([[1], [0]], tf.int64), x(wave((2, 4))), 3, 2, 4, 1, sampled, 0.8, True, 'mod')",
    "dense warp": "C.image.dense_image_warp(x(wave((2, 4, 5, 3))), x(wave((2, 4, 5, 2)) * 3.0))",
    "spline of order 1": "spline(1, 0.0)",
    "spline of order 2": "spline(2, 0.1)",
    "spline of order 3": "spline(3, 0.0)",
    "spline of order 4": "spline(4, 0.1)",
    "spline of order 6": "spline(6, 0.0)",
    "sparse warp": "C.image.sparse_image_warp(x(wave((1, 4, 5, 3))), points, points + wave((1, 3, 2)) * 0.3)",
    "sparse warp within a frame": "C.image.sparse_image_warp(x(wave((1, 4, 5, 3))), points, "
    "points + wave((1, 3, 2)) * 0.3, num_boundary_points=2)",
    "colours in YIQ": "yiq(wave((2, 3, 3)), 0.5, 1.5, 0.8)",
    "bytes in YIQ": "yiq(np.uint8(wave((2, 3, 3)) * 100 + 110), -1.0, 0.5, 1.2)",
    "components": "C.image.connected_components(tf.constant(blobs))",
    "components of images": "C.image.connected_components(tf.constant(np.stack([blobs, blobs.T])))",
    "components of bools": "C.image.connected_components(tf.constant(blobs > 0))",
    "known condition": "F.smart_cond(True, lambda: x(w1), lambda: w2)",
    "open condition": "F.smart_cond(unknown(1) > 2, lambda: w1, lambda: x(w2))",
    "open case": "F.smart_case([(unknown(1) > 2, lambda: w1), (False, lambda: w3), "
    "(unknown(1) > 0, lambda: x(w2))])",
    "known case": "F.smart_case([(False, lambda: w1), (True, lambda: w2)], default=lambda: w3)",
    "default case": "F.smart_case([(False, lambda: w1), (unknown(1) > 2, lambda: w2)], default=lambda: w3)",
    "python": "F.py_func(lambda a, b: {'s': a + b, 'd': [a - b]}, [w1], {'b': w2}, "
    "{'s': tf.float32, 'd': [tf.float32]}, {'s': [4, 4], 'd': [[4, 4]]})",
    "python of one": "F.py_func(np.square, (w1,), output_types=tf.float32, output_shapes=[4, 4])",
    "placeholders": "tf.constant([placeholder.op.name for placeholder in placeholders(tf.Graph())])",
    "sum of all": "F.reduce_sum_n([x(w1), x(w2)])",
    "squeezed": "F.remove_squeezable_dimensions(w1[:, :, tf.newaxis], w2)",
    "squeezed when run": "F.remove_squeezable_dimensions("
    "tf.placeholder_with_default(w1, None), w2[:, :, tf.newaxis])",
    "with a shape": "F.with_shape([4, 4], tf.placeholder_with_default(w1, [None, None]))",
    "with an open shape": "F.with_shape(tf.shape(w2), tf.placeholder_with_default(w1, [None, None]))",
    "with the shape of another": "F.with_same_shape(w1, tf.placeholder_with_default(w2, None))",
    "with no shape": "F.with_shape([], tf.constant([3.0]))",
    "embedded": "L.embed_sequence(tf.constant([[1, 2, 1], [0, 1, 2]]), 3, 4, initializer=given)",
    "embedded once": "L.embed_sequence(tf.constant([[1, 2, 1], [0, 1, 2]]), 3, 4, True, given, scope='e')",
    "bags of words": "L.bow_encoder(tf.constant([[1, 2, 1], [0, 1, 0], [0, 0, 0]]), 3, 4, initializer=given)",
    "dense bags": "L.bow_encoder(tf.constant([[1, 2, 1], [0, 1, 0]]), 3, 4, False, given, scope='b')",
    "names": "tf.constant([F.strip_name_scope(n, s) + ' ' + F.prepend_name_scope(n, s) for n, s in scoped])",
    "delta orthogonal": "[F.convolutional_delta_orthogonal(gain=g, seed=3)(shape) for g, shape in "
    "[(1.0, [3, 2, 4]), (2.0, [3, 3, 4, 4]), (1.0, [2, 3, 3, 1, 4])]]",
    "resampled": "C.training.resample_at_rate([x(w1), w2], tf.constant([0.5, 2.0, 0.0, 3.0]), seed=3)",
    "placed": "tf.constant(placed(C.training))",
    "old summaries": "[tf.contrib.deprecated.scalar_summary(['a', 'b'], [1.0, 2.0]), "
    "tf.contrib.deprecated.merge_all_summaries()]",
}


def wave(shape):
    """Returns values between -1 and 1 in no order, no two the same."""
    return np.sin(np.arange(np.prod(shape), dtype=np.float32) * 1.7).reshape(shape)


def environment(tf, wanted, find):
    """Returns the names that the cases of TENSORS use; what `x` is called with goes to `wanted`."""
    contrib = tf.contrib

    def x(values):
        wanted.append(tf.convert_to_tensor(values))
        return wanted[-1]

    def unknown(value):
        return tf.placeholder_with_default(value, [])

    def crf(function, steps=slice(None)):
        scores, tags = x(wave((4, 5, 4))), tf.constant([[0, 3, 1, 2, 0], [1] * 5, [2] * 5, [3, 0, 3, 0, 3]])
        lengths = tf.constant([5, 3, 0, 1])
        return function(scores[:, steps], tags[:, steps], lengths, x(wave((4, 4))))

    def spline(order, weight):
        known, values, queries = x(wave((2, 5, 2))), x(wave((2, 5, 3)) + 0.5), x(ramp((2, 4, 2)))
        return contrib.image.interpolate_spline(known, values, queries, order, weight)

    def placeholders(graph):
        with graph.as_default():
            tf.constant(1.0, name="c")
            tf.placeholder(tf.int32, name="p")
        return contrib.framework.get_placeholders(graph)

    def placed(training):
        greedy = training.GreedyLoadBalancingStrategy(3, training.byte_size_load_fn)
        ops = [tf.zeros([size]).op for size in (5, 2, 1, 1, 4, 3)]
        names = [tf.constant(0.0, name=f"placed_{n}").op for n in range(5)]
        by_name = training.RandomStrategy(4, seed=7)
        return [int(greedy(op)) for op in ops] + [by_name(op) for op in names]

    def given(shape, dtype=tf.float32, partition_info=None):
        return tf.constant(wave(shape), dtype)

    colours = find("tensorflow.contrib.image.python.ops.distort_image_ops")
    sampled = (tf.constant([1, 2, 3]), tf.constant([[0.3], [0.4]]), tf.constant([0.5, 0.6, 0.7]))
    blobs = np.array([[1, 1, 0, 2], [0, 1, 0, 2], [3, 0, 1, 1], [3, 3, 0, 1]], np.int32)
    scoped = [("s/a/b", "s"), ("^s/a", "s"), ("loc:@s/a", "s/"), ("t/s/a", "s"), ("sa", "s"), ("a", "")]
    points = tf.constant([[[0.5, 1.0], [2.0, 3.5], [3.0, 0.5]]])
    names = {f"w{n}": tf.constant(wave((4, 4)) * n) for n in (1, 2, 3)}
    names.update(
        F=contrib.framework, L=contrib.layers, C=contrib, tf=tf, np=np, yiq=colours.adjust_hsv_in_yiq
    )
    names.update(x=x, unknown=unknown, crf=crf, spline=spline, given=given, ramp=ramp, wave=wave)
    names.update(
        placeholders=placeholders, placed=placed, sampled=sampled, blobs=blobs, scoped=scoped, points=points
    )
    return names


def tensors(tf, find):
    """Returns what each case gives: [shape, sums] of outputs and gradients, and names of variables."""
    found, built = {}, {}
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        for case in TENSORS:
            built[case] = build(tf, case, find)
        with tf.Session(config=plain(tf)) as session:
            session.run(tf.global_variables_initializer())
            values = session.run({case: wanted for case, (_, wanted) in built.items()})
    for case, (names, _) in built.items():
        rows = [[list(np.shape(value)), two_sums(numbers(value))] for value in values[case]]
        found[case] = {"names": names, "values": rows}
    return found


def build(tf, case, find):
    """Returns the names of the variables that a case made, and its outputs and their gradients."""
    wanted, before = [], len(tf.global_variables())
    outputs = eval(TENSORS[case], environment(tf, wanted, find))
    outputs = [tf.convert_to_tensor(output) for output in flat(outputs)]
    real = [output for output in outputs if output.dtype == tf.float32]
    total = sum(tf.reduce_sum(output * (output + 1.0)) for output in real)
    gradients = [g for g in tf.gradients(total, wanted) if g is not None] if wanted and real else []
    names = [variable.op.name for variable in tf.global_variables()[before:]]
    return names, outputs + [tf.convert_to_tensor(g) for g in gradients]


def flat(outputs):
    """Returns the tensors in lists, tuples and dicts."""
    if isinstance(outputs, dict):
        outputs = [outputs[key] for key in sorted(outputs)]
    if isinstance(outputs, (list, tuple)):
        return [output for part in outputs for output in flat(part)]
    return [outputs]


def numbers(value):
    """Returns an array of numbers: strings are their bytes."""
    if np.asarray(value).dtype.kind in "OS":
        return np.frombuffer(b" ".join(np.ravel(value)), np.uint8)
    return value
