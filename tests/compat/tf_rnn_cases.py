"""Programs of RNN cells, and what is compared of each: run by TensorFlow 1.15 and here.

tools/record_tf_rnn.py runs them there. It is Python 3.7; its `tf` is given: TensorFlow 1's, or slimzoo's.
"""

import zlib

import numpy as np

CASES = {  # name: an expression of tf, R (tf.nn.rnn_cell), C (tf.contrib.rnn), the helpers and inputs below
    "plain": "step(R.BasicRNNCell(3))",
    "plain, by a name of an activation": "step(R.BasicRNNCell(3, 'relu', name='a'))",
    "plain, not trained": "step(R.BasicRNNCell(3, trainable=False))",
    "gru": "step(R.GRUCell(3))",
    "gru with initializers": "step(C.GRUCell(3, tf.nn.relu, kernel_initializer=tf.ones_initializer(), "
    "bias_initializer=tf.zeros_initializer()))",
    "basic lstm": "step(R.BasicLSTMCell(3))",
    "basic lstm, joined state": "step(R.BasicLSTMCell(3, 0.5, state_is_tuple=False, activation=tf.nn.relu))",
    "lstm": "step(R.LSTMCell(3))",
    "lstm, everything": "step(R.LSTMCell(3, use_peepholes=True, cell_clip=0.2, num_proj=2, proj_clip=0.1, "
    "forget_bias=0.3, initializer=tf.ones_initializer(), activation=tf.nn.relu))",
    "lstm, joined state": "step(R.LSTMCell(3, num_proj=2, state_is_tuple=False))",
    "lstm in shards": "step(R.LSTMCell(4, num_unit_shards=2, num_proj=2, num_proj_shards=2))",
    "lstm of doubles": "step(R.LSTMCell(3, dtype=tf.float64), tf.cast(x, tf.float64))",
    "lstm in parts": "scoped('s', lambda: run(R.LSTMCell(4)), partitioner=tf.fixed_size_partitioner(2))",
    "in a scope": "scoped('s', lambda: step(R.LSTMCell(3)))",
    "with a scope": "R.BasicRNNCell(3)(x, zeros(3), scope='given')",
    "a scope's initializer": "scoped('s', lambda: step(R.GRUCell(3)), initializer=tf.ones_initializer())",
    "a scope's penalty": "scoped('s', lambda: step(R.GRUCell(3)), regularizer=penalty)",
    "a scope's getter": "scoped('s', lambda: run(R.BasicLSTMCell(3)), custom_getter=renamed)",
    "reuse": "[scoped('s', lambda: step(R.LSTMCell(3))), "
    "scoped('s', lambda: step(R.LSTMCell(3, reuse=True)))]",
    "reuse by a scope": "[scoped('s', lambda: step(R.LSTMCell(3)), reuse=tf.AUTO_REUSE) for _ in range(2)]",
    "two in a scope": "scoped('s', lambda: [step(R.LSTMCell(3)), step(R.LSTMCell(3))])",
    "two by a name": "scoped('s', lambda: [step(R.GRUCell(3, name='a')), step(R.GRUCell(2, name='b'))])",
    "one twice": "twice(R.LSTMCell(3))",
    "one in two scopes": "(lambda cell: [scoped('a', lambda: step(cell)), scoped('b', lambda: step(cell))])"
    "(R.GRUCell(3))",
    "a template": "(lambda t: [t(), t()])(tf.make_template('t', lambda: step(R.GRUCell(3, name='g'))))",
    "a template of a sequence": "(lambda t: [t(), t()])(tf.make_template('t', lambda: run(C.UGRNNCell(3))))",
    "stacked": "step(R.MultiRNNCell([R.BasicLSTMCell(3), R.GRUCell(2)]))",
    "stacked, joined state": "step(R.MultiRNNCell([R.GRUCell(3), R.BasicRNNCell(2)], state_is_tuple=False))",
    "stacked twice": "run(R.MultiRNNCell([R.MultiRNNCell([R.GRUCell(3)]), C.UGRNNCell(2)]))",
    "stacked, one cell": "step(R.MultiRNNCell([R.GRUCell(4)] * 2))",
    "dropout of all": "step(R.DropoutWrapper(R.LSTMCell(8), 0.5, 0.6, 0.7, seed=7))",
    "dropout of a stack": "step(R.DropoutWrapper(R.MultiRNNCell([R.LSTMCell(8), R.GRUCell(8)]), "
    "state_keep_prob=0.5, seed=3))",
    "dropout by a tensor": "run(R.DropoutWrapper(R.GRUCell(3), output_keep_prob=tf.placeholder_with_default("
    "1.0, [])))",
    "dropout at every step": "run(R.DropoutWrapper(R.LSTMCell(8), 0.5, 0.6, 0.7, variational_recurrent=True, "
    "input_size=4, dtype=tf.float32, seed=5))",
    "dropout by a visitor": "step(R.DropoutWrapper(R.MultiRNNCell([R.GRUCell(8), R.GRUCell(8)]), "
    "state_keep_prob=0.5, seed=3, dropout_state_filter_visitor=lambda s: (True, False) "
    "if isinstance(s, tuple) else True))",
    "residual": "step(R.ResidualWrapper(R.LSTMCell(4)))",
    "residual by a function": "step(R.ResidualWrapper(R.GRUCell(3), lambda i, o: tf.concat([i, o], 1)))",
    "device": "run(R.DeviceWrapper(R.GRUCell(3), '/cpu:0'))",
    "highway": "step(C.HighwayWrapper(R.GRUCell(4)))",
    "highway, two gates": "run(C.HighwayWrapper(R.GRUCell(4), False, 0.5))",
    "compiled": "step(C.CompiledWrapper(R.GRUCell(4)))",
    "wrapped and stacked": "run(R.MultiRNNCell([R.ResidualWrapper(R.DropoutWrapper(R.LSTMCell(4), seed=1)), "
    "C.HighwayWrapper(R.GRUCell(4))]))",
    "input projection": "step(C.InputProjectionWrapper(R.GRUCell(3), 2, activation=tf.nn.relu))",
    "output projection": "run(C.OutputProjectionWrapper(R.LSTMCell(3), 2))",
    "embedding": "step(C.EmbeddingWrapper(R.LSTMCell(3), 7, 2), ids[:, 0])",
    "embedding of a sequence": "run(C.EmbeddingWrapper(R.GRUCell(3), 7, 2), tf.expand_dims(ids, 2))",
    "attention": "step(C.AttentionCellWrapper(R.LSTMCell(3), 4))",
    "attention, joined state": "run(C.AttentionCellWrapper(R.GRUCell(3), 2, 5, 6, 7, state_is_tuple=False))",
    "layer norm": "step(C.LayerNormBasicLSTMCell(3, norm_gain=0.5, norm_shift=0.1))",
    "layer norm in a sequence": "run(C.LayerNormBasicLSTMCell(3, dropout_keep_prob=1.0))",
    "layer norm, without": "step(C.LayerNormBasicLSTMCell(8, layer_norm=False, dropout_keep_prob=0.5, "
    "dropout_prob_seed=4))",
    "coupled": "step(C.CoupledInputForgetGateLSTMCell(3))",
    "coupled, everything": "step(C.CoupledInputForgetGateLSTMCell(3, True, num_proj=2, proj_clip=0.1, "
    "num_unit_shards=2, num_proj_shards=2, state_is_tuple=False))",
    "coupled, layer norm": "run(C.CoupledInputForgetGateLSTMCell(3, layer_norm=True))",
    "ugrnn": "step(C.UGRNNCell(3, initializer=tf.ones_initializer()))",
    "intersection": "step(C.IntersectionRNNCell(4))",
    "intersection, projected": "run(C.IntersectionRNNCell(3, 3, y_activation=tf.tanh))",
    "nas": "step(C.NASCell(3))",
    "nas, projected": "run(C.NASCell(3, num_proj=2, use_bias=True))",
    "groups": "step(C.GLSTMCell(4, number_of_groups=2))",
    "groups, projected": "run(C.GLSTMCell(4, num_proj=2, number_of_groups=2))",
    "phased": "step(C.PhasedLSTMCell(3, ratio_on=0.5), (tf.constant([[1.0], [2.5], [4.0]]), x))",
    "phased, peepholes": "step(C.PhasedLSTMCell(3, True, trainable_ratio_on=False), (x[:, :1], x))",
    "independent": "step(C.IndRNNCell(3))",
    "independent gru": "run(C.IndyGRUCell(3))",
    "independent lstm": "step(C.IndyLSTMCell(3, 0.5))",
    "sru": "run(C.SRUCell(3))",
    "convolutions": "step(C.Conv2DLSTMCell(input_shape=[4, 5, 2], output_channels=3, kernel_shape=[3, 2]), "
    "image)",
    "convolutions of rows": "step(C.Conv1DLSTMCell(input_shape=[4, 2], output_channels=3, kernel_shape=[3], "
    "skip_connection=True, use_bias=False), image[:, :, 0])",
    "convolutions of volumes": "step(C.ConvLSTMCell(3, [2, 4, 5, 2], 2, [1, 3, 2]), "
    "tf.stack([image, image], 1))",
    "frequencies": "step(C.TimeFreqLSTMCell(3, feature_size=2, frequency_skip=2), x, tf.constant(drawn('s', "
    "[3, 12])))",
    "frequencies, peepholes": "step(C.TimeFreqLSTMCell(3, True, 0.3, feature_size=2, frequency_skip=1, "
    "num_unit_shards=2), x, tf.constant(drawn('s', [3, 18])))",
    "grid": "step(C.GridLSTMCell(2, feature_size=2, frequency_skip=1, num_frequency_blocks=[3]))",
    "grid, everything": "run(C.GridLSTMCell(2, True, cell_clip=0.3, num_unit_shards=2, feature_size=1, "
    "frequency_skip=1, num_frequency_blocks=[2, 1], start_freqindex_list=[0, 3], end_freqindex_list=[2, 4], "
    "couple_input_forget_gates=True))",
    "grid, shared": "step(C.GridLSTMCell(2, True, share_time_frequency_weights=True, feature_size=2, "
    "frequency_skip=2, num_frequency_blocks=[2], state_is_tuple=False))",
    "grid, both ways": "run(C.BidirectionalGridLSTMCell(2, True, feature_size=2, frequency_skip=2, "
    "num_frequency_blocks=[2], backward_slice_offset=1))",
    "lstm block": "step(C.LSTMBlockCell(3))",
    "lstm block, peepholes": "run(C.LSTMBlockCell(3, 0.5, cell_clip=0.2, use_peephole=True))",
    "gru block": "step(C.GRUBlockCell(3))",
    "gru block 2": "run(C.GRUBlockCellV2(num_units=3))",
    "fused": "C.LSTMBlockFusedCell(3)(tf.transpose(xs, [1, 0, 2]), dtype=tf.float32)",
    "fused, of lengths": "C.LSTMBlockFusedCell(3, 0.5, 0.2, True, name='f')(tf.transpose(xs, [1, 0, 2]), "
    "initial_state=(zeros(3) + 0.1, zeros(3)), sequence_length=lengths)",
    "fused by a cell": "C.FusedRNNCellAdaptor(R.GRUCell(3), True)(tf.transpose(xs, [1, 0, 2]), "
    "dtype=tf.float32, sequence_length=lengths)",
    "fused by steps, reversed": "C.TimeReversedFusedRNN(C.FusedRNNCellAdaptor(R.GRUCell(3)))(tf.transpose("
    "xs, [1, 0, 2]), dtype=tf.float32, sequence_length=lengths)",
    "a sequence": "run(R.LSTMCell(3), sequence_length=lengths)",
    "a sequence from a state": "run(R.GRUCell(3), initial_state=zeros(3) + 0.5, swap_memory=True)",
    "a sequence, time first": "tf.nn.dynamic_rnn(R.MultiRNNCell([R.LSTMCell(3), R.GRUCell(2)]), "
    "tf.transpose(xs, [1, 0, 2]), lengths, dtype=tf.float32, time_major=True, scope='mine')",
    "two sequences": "[scoped('a', lambda: run(R.GRUCell(3))), scoped('b', lambda: run(R.GRUCell(3)))]",
    "a cell over two sequences": "(lambda cell: [run(cell), run(cell)])(R.GRUCell(3, name='g'))",
    "a sequence of steps": "tf.nn.static_rnn(R.LSTMCell(3), steps, dtype=tf.float32)",
    "a sequence of steps and lengths": "tf.nn.static_rnn(R.MultiRNNCell([R.LSTMCell(3), "
    "C.UGRNNCell(3)]), steps, sequence_length=lengths, dtype=tf.float32)",
    "both ways": "tf.nn.bidirectional_dynamic_rnn(R.LSTMCell(3), R.GRUCell(2), xs, lengths, "
    "dtype=tf.float32)",
    "both ways, steps": "tf.nn.static_bidirectional_rnn(R.LSTMCell(3), R.GRUCell(2), steps, "
    "dtype=tf.float32)",
    "both ways, stacked": "C.stack_bidirectional_dynamic_rnn([R.LSTMCell(3), R.GRUCell(2)], [R.GRUCell(2), "
    "R.GRUCell(3)], xs, dtype=tf.float32, sequence_length=lengths)",
    "both ways, stacked steps": "C.stack_bidirectional_rnn([R.LSTMCell(3), R.GRUCell(2)], [R.GRUCell(2), "
    "R.GRUCell(3)], steps, dtype=tf.float32)",
    "raw": "tf.nn.raw_rnn(R.LSTMCell(3), three_steps)[1:]",
    "by the names of contrib": "C.static_rnn(C.BasicLSTMCell(3), steps, dtype=tf.float32)",
    "states": "[R.MultiRNNCell([R.LSTMCell(3), R.GRUCell(2)]).zero_state(tf.shape(x)[0], tf.float32), "
    "R.DropoutWrapper(R.GRUCell(3), 0.5).get_initial_state(x), R.GRUCell(2).zero_state(2, tf.float64)]",
    "a cell of one's own": "run(Mine(3))",
    "a cell of one's own, stacked": "run(R.MultiRNNCell([Mine(3), R.DropoutWrapper(Mine(2), seed=1)]))",
    "a cell without a base's init": "run(Older(3))",
    "a layer cell of one's own": "run(Built(3))",
    "a cell around cells": "run(Around(R.LSTMCell(3)))",
}
SIZES = {"x": (3, 4), "xs": (3, 5, 4), "image": (3, 4, 5, 2)}


def environment(tf):
    """Returns the names that the cases use."""
    inputs = {name: tf.constant(drawn(name, shape)) for name, shape in SIZES.items()}
    more = {
        "ids": tf.constant([[1, 2, 3, 4, 5], [6, 0, 1, 0, 1], [2, 2, 2, 1, 3]]),
        "lengths": tf.constant([2, 5, 3]),
        "steps": tf.unstack(inputs["xs"], axis=1)[:3],
        "zeros": lambda size: tf.zeros([3, size]),
        "penalty": lambda w: 0.5 * tf.reduce_sum(tf.square(w)),
        "renamed": lambda getter, name, *args, **kwargs: getter(name + "_got", *args, **kwargs),
        "drawn": drawn,
    }
    parts = {"tf": tf, "R": tf.nn.rnn_cell, "C": tf.contrib.rnn}
    return dict(inputs, **parts, **more, **calls(tf, inputs), **classes(tf))


def drawn(name, shape):
    """Returns values from -0.5 to 0.5 that hang on `name` alone."""
    random = np.random.RandomState(zlib.crc32(name.encode()) % 2**31)
    return random.uniform(-0.5, 0.5, shape).astype(np.float32)


def calls(tf, inputs):
    """Returns what the cases do with a cell."""
    nest = tf.contrib.framework.nest

    def step(cell, x=inputs["x"], state=None):
        if state is None:
            dtype = x.dtype if hasattr(x, "dtype") and x.dtype.is_floating else tf.float32
            zeros = nest.flatten(cell.zero_state(3, dtype))
            made = [tf.cast(drawn(f"state{i}", z.shape.as_list()), dtype) for i, z in enumerate(zeros)]
            state = nest.pack_sequence_as(cell.state_size, made)
        return cell(x, state)

    def twice(cell):
        output, state = step(cell)
        return [output, cell(inputs["x"], state)]

    def run(cell, xs=inputs["xs"], **settings):
        return tf.nn.dynamic_rnn(cell, xs, dtype=tf.float32, **settings)

    def scoped(name, make, **settings):
        with tf.variable_scope(name, **settings):
            return make()

    def three_steps(time, output, state, _):
        start = tf.nn.rnn_cell.LSTMStateTuple(tf.zeros([3, 3]), tf.zeros([3, 3]))
        return tf.tile([time >= 3], [3]), inputs["x"], start if output is None else state, output, None

    found = {"step": step, "twice": twice, "run": run, "scoped": scoped, "three_steps": three_steps}
    return dict(found, attending=Attending(tf))


class Attending:
    """Makes a cell that attends, and its state."""

    def __init__(self, tf):
        self.tf = tf

    def __call__(self, mechanism, *args, **settings):
        cell = self.tf.nn.rnn_cell.GRUCell(3)
        self.cell = self.tf.contrib.seq2seq.AttentionWrapper(cell, mechanism, *args, **settings)
        return self.cell

    def state(self, size=3):
        return self.cell.zero_state(size, self.tf.float32)


def classes(tf):
    """Returns cells that programs write themselves."""
    return {"Mine": mine(tf), "Older": older(tf), "Built": built(tf), "Around": around(tf)}


def mine(tf):
    """Returns a cell that makes its variables as it runs."""

    class Mine(tf.nn.rnn_cell.RNNCell):
        def __init__(self, units, reuse=None):
            super().__init__(_reuse=reuse)
            self._units = units

        state_size = output_size = property(lambda self: self._units)

        def call(self, inputs, state):
            w = tf.get_variable("w", [inputs.shape[1], self._units])
            state = tf.tanh(tf.matmul(inputs, w) + state)
            return tf.layers.dense(state, self._units, name="out"), state

    return Mine


def older(tf):
    """Returns a cell of the time before layers."""

    class Older(tf.contrib.rnn.RNNCell):
        def __init__(self, units):
            self._units = units

        state_size = output_size = property(lambda self: self._units)

        def __call__(self, inputs, state, scope=None):
            with tf.variable_scope(scope or type(self).__name__):
                w = tf.get_variable("w", [int(inputs.shape[1]), self._units])
                state = tf.tanh(tf.matmul(inputs, w) + state)
            return state, state

    return Older


def built(tf):
    """Returns a cell that makes its variables before."""

    class Built(tf.contrib.rnn.LayerRNNCell):
        def __init__(self, units, **settings):
            super().__init__(**settings)
            self._units = units

        state_size = output_size = property(lambda self: self._units)

        def build(self, inputs_shape):
            self._w = self.add_variable("w", [int(inputs_shape[1]), self._units])
            self.built = True

        def call(self, inputs, state):
            state = tf.tanh(tf.matmul(inputs, self._w) + state)
            return state, state

    return Built


def around(tf):
    """Returns a wrapper of cells."""

    class Around(tf.nn.rnn_cell.RNNCell):
        def __init__(self, cell):
            super().__init__()
            self._cell = cell

        state_size = property(lambda self: self._cell.state_size)
        output_size = property(lambda self: self._cell.output_size)

        def zero_state(self, batch_size, dtype):
            return self._cell.zero_state(batch_size, dtype)

        def __call__(self, inputs, state, scope=None):
            with tf.variable_scope(scope or "around"):
                inputs = tf.contrib.slim.fully_connected(inputs, 3, scope="fc")
                return self._cell(inputs, state)

    return Around


def measure(tf, program, more=()):
    """Returns what is compared of a program: names, shapes, types, sums of values and gradients."""
    with tf.Graph().as_default():
        names = dict(environment(tf), **dict(more))
        outputs = leaves(tf, eval(program, names))
        variables, trained = tf.global_variables(), tf.trainable_variables()
        penalties = tf.losses.get_regularization_losses()
        parts = [tf.reduce_sum(tf.cast(o, tf.float32) * (tf.cast(o, tf.float32) + 1.0)) for o in outputs]
        total = tf.add_n(parts + [tf.cast(p, tf.float32) for p in penalties])
        wanted = [names[name] for name in sorted(SIZES)] + list(trained)
        found = zip(wanted, tf.gradients(total, wanted))  # noqa: B905  # Python 3.7 has no strict
        gradients = [(v.op.name, tf.convert_to_tensor(g)) for v, g in found if g is not None]
        fills = [
            tf.assign(v, tf.cast(drawn(v.op.name, v.shape.as_list()), v.dtype.base_dtype)) for v in variables
        ]
        with tf.Session(config=plain(tf)) as session:
            session.run(fills)
            values = session.run([outputs, [g for _, g in gradients]])
    trained = {v.op.name for v in trained}
    return {
        "outputs": [[o.dtype.name, o.shape.as_list()] for o in outputs],
        "variables": [[v.op.name, v.shape.as_list(), v.op.name in trained] for v in variables],
        "penalties": len(penalties),
        "gradients": [name for name, _ in gradients if not name.startswith("Const")],
        "sums": [two_sums(v) for v in values[0] + values[1]],
    }


def plain(tf):
    """Returns the settings of a session that runs its graph as it is, which is quicker to start."""
    rewriting = tf.GraphOptions().rewrite_options
    rewriting.disable_meta_optimizer = True
    return tf.ConfigProto(graph_options=tf.GraphOptions(rewrite_options=rewriting))


def leaves(tf, structure):
    """Returns the tensors of a structure, a TensorArray being one."""
    flat = tf.contrib.framework.nest.flatten(structure)
    return [part.stack() if hasattr(part, "stack") else part for part in flat if part is not None]


def two_sums(values):
    """Returns the sum and the sum weighted by position."""
    flat = np.ravel(values).astype(np.float64)
    return [float(f"{s:.6g}") for s in (flat.sum(), (flat * np.cos(np.arange(flat.size))).sum())]


def language_model(tf):
    """Returns the logits [12, 9] of a model of symbols, of two LSTMs and with an embedding."""

    def layer():
        return tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.BasicLSTMCell(5, forget_bias=0.0), 1.0)

    symbols = tf.constant(np.arange(12).reshape(3, 4) * 5 % 9)
    with tf.variable_scope("Model", initializer=tf.random_uniform_initializer(-0.8, 0.8, seed=1)):
        inputs = tf.nn.embedding_lookup(tf.get_variable("embedding", [9, 4]), symbols)
        cell = tf.contrib.rnn.MultiRNNCell([layer(), layer()], state_is_tuple=True)
        state = cell.zero_state(3, tf.float32)
        outputs, _ = tf.nn.dynamic_rnn(cell, inputs, initial_state=state, scope="RNN")
        weights = tf.get_variable("softmax_w", [5, 9])
        return tf.nn.xw_plus_b(tf.reshape(outputs, [-1, 5]), weights, tf.get_variable("softmax_b", [9]))
