"""A program that adds one line, slimzoo.compat.install(), and uses Keras before and after it."""

import builtins
import importlib
import json

import keras
import numpy as np
import tensorflow as tf

BEFORE = {"tf": tf, "np": np, "import": builtins.__import__}


def keras_learns():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    losses = model.fit(np.ones((8, 3)), np.ones((8, 1)), verbose=0, epochs=2).history["loss"]
    return losses[1] < losses[0]


def said(action):
    try:
        return repr(action())
    except RuntimeError as error:
        return str(error)


found = {"keras before": keras_learns()}
import slimzoo.compat

slimzoo.compat.install()
slimzoo.compat.install()
import a_library
import beside
import tensorflow.contrib.slim as slim

found["tf of the caller is TensorFlow 1"] = tf is not BEFORE["tf"] and tf.contrib.slim is slim
found["np has its old names"] = np.int is int
found["a module of the program sees the same"] = beside.tf is tf
found["a library sees TensorFlow"] = a_library.tf is BEFORE["tf"]
found["a library sees NumPy"] = a_library.np is BEFORE["np"]
found["importlib sees TensorFlow"] = importlib.import_module("tensorflow") is BEFORE["tf"]
found["v2 behaviour is on"] = tf.executing_eagerly()
found["keras after"] = keras_learns()

with tf.Graph().as_default():
    images = tf.placeholder(tf.float32, [None, 4])
    loss = tf.losses.mean_squared_error(tf.ones([2, 1]), slim.fully_connected(images, 1, activation_fn=None))
    train = slim.learning.create_train_op(loss, tf.train.GradientDescentOptimizer(0.05))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        losses = [session.run(train, {images: np.ones((2, 4))}) for _ in range(3)]
found["slim learns"] = bool(losses[2] < losses[0])
found["keras after a session"] = keras_learns()
found["placeholder"] = said(lambda: tf.placeholder(tf.float32))
found["layer"] = said(lambda: slim.conv2d(np.ones((1, 4, 4, 3), np.float32), 3, 3))

slimzoo.compat.uninstall()
found["uninstalled"] = tf is BEFORE["tf"] and np is BEFORE["np"] and builtins.__import__ is BEFORE["import"]
try:
    importlib.import_module("tf_slim")
except ImportError:
    found["tf_slim is gone"] = True
found["keras at last"] = keras_learns()
print(json.dumps(found))
