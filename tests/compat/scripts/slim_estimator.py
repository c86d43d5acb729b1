"""A program of TF-Slim under tf.estimator, as they were written."""

import os

import numpy as np
import tensorflow as tf
import tensorflow.contrib.slim as slim

flags = tf.app.flags
flags.DEFINE_string("model_dir", None, "Where checkpoints go.")
flags.DEFINE_integer("train_steps", 20, "Number of steps.")
flags.DEFINE_float("learning_rate", 0.05, "Learning rate.")
FLAGS = flags.FLAGS


def bars(n):
    images = np.random.RandomState(0).uniform(0, 0.2, (n, 8, 8, 1)).astype(np.float32)
    labels = np.arange(n) % 2
    for i, label in enumerate(labels):
        (images[i] if label == 0 else images[i].transpose(1, 0, 2))[i % 8] = 1.0
    return images, labels.astype(np.int32)


def network(images, is_training):
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected],
        weights_initializer=slim.variance_scaling_initializer(seed=1),
        weights_regularizer=slim.l2_regularizer(1e-4),
    ):
        with slim.arg_scope([slim.batch_norm], is_training=is_training, decay=0.8):
            net = slim.stack(
                images,
                slim.conv2d,
                [(8, [3, 3]), (8, [3, 3])],
                stride=2,
                normalizer_fn=slim.batch_norm,
                scope="conv",
            )
        return slim.fully_connected(slim.flatten(net), 2, activation_fn=None, scope="logits")


def model_fn(features, labels, mode, params):
    logits = network(features["image"], is_training=mode == tf.estimator.ModeKeys.TRAIN)
    predictions = {"class": tf.argmax(logits, 1), "probability": tf.nn.softmax(logits)}
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.estimator.EstimatorSpec(mode, predictions=predictions)
    slim.losses.sparse_softmax_cross_entropy(logits, labels)
    loss = slim.losses.get_total_loss()
    accuracy = tf.metrics.accuracy(labels, predictions["class"])
    tf.summary.scalar("train_accuracy", accuracy[1])
    optimizer = tf.train.MomentumOptimizer(params["learning_rate"], 0.9)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train_op = optimizer.minimize(loss, global_step=tf.train.get_or_create_global_step())
    return tf.estimator.EstimatorSpec(
        mode, predictions, loss, train_op, eval_metric_ops={"accuracy": accuracy}
    )


def main(_):
    tf.logging.set_verbosity(tf.logging.INFO)
    images, labels = bars(32)
    config = tf.estimator.RunConfig(save_summary_steps=5, log_step_count_steps=10)
    params = {"learning_rate": FLAGS.learning_rate}
    classifier = tf.estimator.Estimator(model_fn, FLAGS.model_dir, config, params)
    feed = tf.estimator.inputs.numpy_input_fn
    classifier.train(feed({"image": images}, labels, 16, None, shuffle=False), max_steps=FLAGS.train_steps)
    results = classifier.evaluate(feed({"image": images}, labels, shuffle=False))
    print("evaluated", sorted((name, f"{value:.4f}") for name, value in results.items()))
    found = list(classifier.predict(feed({"image": images[:3]}, shuffle=False)))
    print("predicted", [(str(one["class"]), f"{one['probability'][0]:.3f}") for one in found])
    receiver = tf.estimator.export.build_parsing_serving_input_receiver_fn(
        {"image": tf.FixedLenFeature([8, 8, 1], tf.float32)}
    )
    exported = classifier.export_savedmodel(os.path.join(FLAGS.model_dir, "exported"), receiver)
    print("exported", sorted(os.listdir(exported.decode())))


if __name__ == "__main__":
    tf.app.run()
