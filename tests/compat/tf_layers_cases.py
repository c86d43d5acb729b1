"""Programs of tf.layers, and what is compared of each: run by TensorFlow 1.15 and here.

tools/record_tf_layers.py runs them there. It is Python 3.7; its `tf` is given: TensorFlow 1's, or slimzoo's.
"""

import numpy as np

CASES = {  # name: an expression of tf, L (tf.layers) and inputs x1 to x4 of rank 2 to 5
    "dense": "L.dense(x1, 3)",
    "dense of rank 4": "L.dense(x3, 3, activation=tf.nn.relu)",
    "dense without bias": "L.dense(x1, 3, use_bias=False, name='d')",
    "dense with penalties": "L.dense(x1, 3, kernel_regularizer=penalty, bias_regularizer=penalty)",
    "dense with an activity penalty": "L.dense(x1, 3, activity_regularizer=penalty)",
    "dense with a constraint": "L.dense(x1, 3, kernel_constraint=tf.nn.relu)",
    "dense twice": "L.dense(L.dense(x1, 3), 2)",
    "dense, name twice": "L.dense(L.dense(x1, 4, name='d'), 4, name='d', reuse=True)",
    "dense, reuse by a scope": "[scoped('s', None, lambda: L.dense(x1, 4, name='d')), "
    "scoped('s', True, lambda: L.dense(x1, 4, name='d'))][1]",
    "dense, two scopes": "scoped('s', None, lambda: L.dense(L.dense("
    "scoped('s', None, lambda: L.dense(x1, 4)), 3), 2))",
    "dense, reuse automatically": "scoped('s', tf.AUTO_REUSE, "
    "lambda: L.dense(L.dense(x1, 4, name='d'), 4, name='d'))",
    "dense not trained": "L.dense(x1, 3, trainable=False)",
    "dense of whole floats": "L.dense(x1, 6 / 2)",
    "dense by a name of an activation": "L.dense(x1, 3, activation='relu', "
    "kernel_initializer='glorot_uniform')",
    "dense in parts": "parted(lambda: L.dense(x1, 4))",
    "dense under a getter": "got(lambda: L.dense(x1, 4))",
    "dense with a scope's penalty": "penalised(lambda: L.dense(x1, 4))",
    "conv1d": "L.conv1d(x2, 3, 3)",
    "conv1d causal": "L.conv1d(x2, 3, 2, padding='causal', dilation_rate=2)",
    "conv1d strided": "L.conv1d(x2, 3, 3, strides=2, padding='same')",
    "conv2d": "L.conv2d(x3, 3, 3)",
    "conv2d same": "L.conv2d(x3, 3, [3, 2], 2, 'SAME', activation=tf.nn.relu, name='c')",
    "conv2d dilated": "L.conv2d(x3, 3, 2, dilation_rate=(2, 1))",
    "conv2d with penalties": "L.conv2d(x3, 3, 3, kernel_regularizer=penalty, use_bias=False)",
    "conv2d named by a scope": "scoped('net', None, lambda: L.conv2d(L.conv2d(x3, 3, 3, name='c'), 3, 1))",
    "conv3d": "L.conv3d(x4, 3, 2, padding='same')",
    "conv3d strided": "L.conv3d(x4, 3, 2, strides=(1, 2, 1))",
    "conv2d_transpose": "L.conv2d_transpose(x3, 3, 3)",
    "conv2d_transpose same": "L.conv2d_transpose(x3, 3, 3, strides=2, padding='same', use_bias=False)",
    "conv2d_transpose strided": "L.conv2d_transpose(x3, 3, 2, strides=(2, 3), activation=tf.nn.tanh)",
    "conv3d_transpose": "L.conv3d_transpose(x4, 3, 2, strides=2, padding='same')",
    "separable_conv1d": "L.separable_conv1d(x2, 3, 3)",
    "separable_conv1d strided": "L.separable_conv1d(x2, 3, 3, strides=2, depth_multiplier=2, padding='same')",
    "separable_conv1d causal": "L.separable_conv1d(x2, 3, 2, padding='causal', dilation_rate=2)",
    "separable_conv2d": "L.separable_conv2d(x3, 3, 3)",
    "separable_conv2d of many": "L.separable_conv2d(x3, 3, 3, depth_multiplier=2, strides=2, padding='same', "
    "depthwise_regularizer=penalty, pointwise_regularizer=penalty)",
    "separable_conv2d dilated": "L.separable_conv2d(x3, 3, 2, dilation_rate=2, use_bias=False)",
    "max_pooling1d": "L.max_pooling1d(x2, 2, 2)",
    "average_pooling1d": "L.average_pooling1d(x2, 2, 1, padding='same')",
    "max_pooling2d": "L.max_pooling2d(x3, 2, 2)",
    "max_pooling2d same": "L.max_pooling2d("
    "L.max_pooling2d(x3, [3, 2], [1, 2], 'same', name='p'), 2, 1, name='p')",
    "average_pooling2d": "L.average_pooling2d(x3, 2, 1, padding='same')",
    "max_pooling3d": "L.max_pooling3d(x4, 2, 1)",
    "average_pooling3d": "L.average_pooling3d(x4, 2, 1, padding='same')",
    "flatten": "L.flatten(x3)",
    "flatten of unknown": "L.flatten(tf.placeholder_with_default(x3, [None, 5, 4, 4]))",
    "flatten of channels": "L.flatten(x3, data_format='channels_first')",
    "dropout": "L.dropout(x1)",
    "dropout in training": "tf.cast(L.dropout(x1, 0.5, training=True) > 0, tf.float32) * 0",
    "batch norm": "L.batch_normalization(x3)",
    "batch norm in training": "L.batch_normalization(x3, training=True)",
    "batch norm by a tensor": "L.batch_normalization(x3, training=tf.placeholder_with_default(True, []))",
    "batch norm of rank 2": "L.batch_normalization(x1, training=True, momentum=0.8)",
    "batch norm of rank 3": "L.batch_normalization(x2, training=True, epsilon=0.1)",
    "batch norm of rank 5": "L.batch_normalization(x4, training=True)",
    "batch norm unfused": "L.batch_normalization(x3, training=True, fused=False)",
    "batch norm of axis 1": "L.batch_normalization(x3, axis=1, training=True, fused=False)",
    "batch norm without": "L.batch_normalization(x3, training=True, center=False, scale=False)",
    "batch norm renormed": "L.batch_normalization("
    "x3, training=True, renorm=True, renorm_clipping={'rmax': 2.0})",
    "batch norm with penalties": "L.batch_normalization("
    "x3, gamma_regularizer=penalty, beta_regularizer=penalty)",
    "batch norm not trained": "L.batch_normalization(x3, training=True, trainable=False)",
    "batch norm twice": "L.batch_normalization(L.batch_normalization(x3, training=True), training=True)",
    "batch norm of two axes": "L.batch_normalization(x3, axis=[1, -1], training=True)",
    "batch norm of two axes in inference": "L.batch_normalization(x3, axis=[1, 2])",
    "batch norm of two axes by a tensor": "L.batch_normalization("
    "x4, axis=[1, 4], training=tf.placeholder_with_default(True, []), scale=False)",
    "batch norm of two axes renormed": "L.batch_normalization("
    "x3, axis=[2, 3], training=True, renorm=True, renorm_clipping={'rmax': 2.0, 'dmax': 0.5})",
    "batch norm of two axes adjusted": "L.batch_normalization(x3, axis=[2, 3], training=True, "
    "adjustment=lambda shape: (tf.fill([1, 1, 1, shape[3]], 1.5), tf.fill([1, 1, 1, shape[3]], 0.5)))",
    "batch norm of parts": "L.batch_normalization(x1[:2], training=True, virtual_batch_size=1, momentum=0.7)",
    "batch norm of parts of rank 4": "L.batch_normalization(tf.concat([x3, x3 * x3], 0), training=True, "
    "virtual_batch_size=2)",
    "batch norm of parts in inference": "L.batch_normalization(tf.concat([x3, x3 * x3], 0), axis=[1, 3], "
    "virtual_batch_size=2, center=False)",
    "batch norm of parts renormed": "L.batch_normalization(tf.concat([x3, x3 * x3], 0), training=True, "
    "virtual_batch_size=2, renorm=True, trainable=False)",
    "batch norm shared": "L.batch_normalization("
    "L.batch_normalization(x3, training=True, name='b'), training=True, name='b', reuse=True)",
    "batch norm in parts": "parted(lambda: L.batch_normalization(x3, training=True))",
    "a class": "L.Dense(3, name='d')(x1)",
    "a class twice": "shared(L.Dense(4), x1)",
    "two classes": "L.Dense(3, name='d')(L.Dense(3, name='d')(x1))",
    "a class of convolutions": "shared(L.Conv2D(4, 1, name='c'), x3)",
    "a class of batch norm": "L.BatchNormalization()(x3, training=True)",
    "a class in a scope": "scoped('net', None, lambda: L.Conv2DTranspose(3, 2)(x3))",
    "a subclass": "Scale(name='scale')(x1)",
    "a subclass of Dense": "Twice(3)(x1)",
    "a subclass of layers": "Block()(x1)",
}


def environment(tf):
    """Returns the names that the cases use."""
    inputs = {f"x{n}": tf.constant(ramp(shape)) for n, shape in enumerate(SHAPES, start=1)}
    helpers = {
        "penalty": lambda w: 0.5 * tf.reduce_sum(tf.square(w)),
        "shared": lambda layer, x: layer(layer(x)),
    }
    return dict(inputs, tf=tf, L=tf.layers, **dict(helpers, **scopes(tf)), **classes(tf))


SHAPES = ((3, 4), (2, 5, 4), (2, 5, 4, 4), (1, 3, 4, 3, 4))


def ramp(shape):
    """Returns values from -1 to 1, squared and signed, so that no mean is 0."""
    values = np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)
    return values * np.abs(values) + np.float32(0.25)


def scopes(tf):
    """Returns what the cases do around a layer."""

    def scoped(name, reuse, make):
        with tf.variable_scope(name, reuse=reuse):
            return make()

    def parted(make):
        with tf.variable_scope("parts", partitioner=tf.fixed_size_partitioner(2)):
            return make()

    def got(make):
        def getter(getter, name, *args, **kwargs):
            return getter(name + "_got", *args, **kwargs)

        with tf.variable_scope("got", custom_getter=getter):
            return make()

    def penalised(make):
        with tf.variable_scope("s", regularizer=lambda w: tf.reduce_sum(w * w)):
            return make()

    return {"scoped": scoped, "parted": parted, "got": got, "penalised": penalised}


def classes(tf):
    """Returns layers that programs write themselves."""

    class Scale(tf.layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_variable("scale", [int(input_shape[-1])], initializer=tf.ones_initializer())
            self.steps = self.add_weight("steps", [], trainable=False, initializer=tf.zeros_initializer())
            super().build(input_shape)

        def call(self, inputs):
            self.add_loss(tf.reduce_sum(self.scale))
            self.add_update(tf.assign_add(self.steps, 1.0))
            return inputs * self.scale

    class Twice(tf.layers.Dense):
        def call(self, inputs):
            return 2.0 * super().call(inputs)

    class Block(tf.layers.Layer):
        def call(self, inputs):
            return tf.layers.dense(tf.layers.dense(inputs, 3, activation=tf.nn.relu), 2, name="out")

    return {"Scale": Scale, "Twice": Twice, "Block": Block}


def measure(tf, case):
    """Returns what is compared of a case: names, shapes, collections, sums of values."""
    with tf.Graph().as_default():
        names = environment(tf)
        outputs = eval(CASES[case], names)
        variables, trained = tf.global_variables(), tf.trainable_variables()
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        penalties = tf.losses.get_regularization_losses()
        total = tf.add_n([tf.reduce_sum(outputs * (outputs + 1.0)), *penalties])
        names_of_trained = [v.op.name for v in trained]
        given = [names[n] for n in sorted(names) if n in ("x1", "x2", "x3", "x4")]
        wanted = given + list(trained)
        found = zip(wanted, tf.gradients(total, wanted))  # noqa: B905  # Python 3.7 has no strict
        gradients = [(v.op.name, g) for v, g in found if g is not None]
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for variable in [v for v in variables if "moving" not in v.op.name and "renorm" not in v.op.name]:
                session.run(tf.assign(variable, ramp(variable.shape.as_list())))
            sums = [two_sums(v) for v in session.run([outputs, total] + [g for _, g in gradients])]
            for update in updates:  # one after the other: two of one average have no order
                session.run(update)
            after = [two_sums(v) for v in session.run(list(variables))]
    return {
        "output": outputs.op.name,
        "shape": outputs.shape.as_list(),
        "variables": [[v.op.name, v.shape.as_list(), v.op.name in names_of_trained] for v in variables],
        "counts": [len(updates), len(penalties)],
        "sums": sums,
        "gradients": [name for name, _ in gradients if not name.startswith("Const")],
        "after": after,
    }


def two_sums(values):
    """Returns the sum and the sum weighted by position."""
    flat = np.ravel(values).astype(np.float64)
    return [float(f"{s:.6g}") for s in (flat.sum(), (flat * np.cos(np.arange(flat.size))).sum())]
