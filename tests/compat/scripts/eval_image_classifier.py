"""Evaluates a trained network on a data set: the old repository's modules, and flags as it had them."""

import numpy as np
import tensorflow as tf
import tensorflow.contrib.slim as slim

from datasets import dataset_factory
from nets import nets_factory
from preprocessing import preprocessing_factory

tf.app.flags.DEFINE_string("checkpoint_path", None, "A checkpoint, or the folder where they are.")
tf.app.flags.DEFINE_string("eval_dir", None, "Where the events go.")
tf.app.flags.DEFINE_string("dataset_name", "imagenet", "The data set.")
tf.app.flags.DEFINE_string("dataset_split_name", "test", "The split.")
tf.app.flags.DEFINE_string("dataset_dir", None, "Where its files are.")
tf.app.flags.DEFINE_string("model_name", "inception_v3", "The network.")
tf.app.flags.DEFINE_integer("batch_size", 16, "Pictures a batch.")
tf.app.flags.DEFINE_integer("max_num_batches", 2, "Number of batches.")
FLAGS = tf.app.flags.FLAGS


def main(_):
    with tf.Graph().as_default():
        tf.train.get_or_create_global_step()
        dataset = dataset_factory.get_dataset(FLAGS.dataset_name, FLAGS.dataset_split_name, FLAGS.dataset_dir)
        network_fn = nets_factory.get_network_fn(FLAGS.model_name, dataset.num_classes, is_training=False)
        provider = slim.dataset_data_provider.DatasetDataProvider(dataset, shuffle=False)
        [image, label] = provider.get(["image", "label"])
        prepare = preprocessing_factory.get_preprocessing(FLAGS.model_name, is_training=False)
        size = network_fn.default_image_size
        images, labels = tf.train.batch([prepare(image, size, size), label], batch_size=FLAGS.batch_size)
        logits, _ = network_fn(images)
        predictions = tf.argmax(logits, 1)
        values, updates = slim.metrics.aggregate_metric_map(
            {
                "Accuracy": slim.metrics.streaming_accuracy(predictions, labels),
                "Recall_5": slim.metrics.streaming_recall_at_k(logits, labels, 5),
            }
        )
        checkpoint = FLAGS.checkpoint_path
        if tf.gfile.IsDirectory(checkpoint):
            checkpoint = tf.train.latest_checkpoint(checkpoint)
        accuracy = slim.evaluation.evaluate_once(
            master="",
            checkpoint_path=checkpoint,
            logdir=FLAGS.eval_dir,
            num_evals=np.int(FLAGS.max_num_batches),
            eval_op=list(updates.values()),
            final_op=values["Accuracy"],
            variables_to_restore=slim.get_variables_to_restore(),
        )
        print("accuracy", accuracy)


if __name__ == "__main__":
    tf.app.run()
