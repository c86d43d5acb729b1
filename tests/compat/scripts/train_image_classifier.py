"""Trains a network on a data set: the old repository's modules, and flags as it had them."""

import tensorflow as tf

from datasets import dataset_factory
from deployment import model_deploy
from nets import nets_factory
from preprocessing import preprocessing_factory

slim = tf.contrib.slim
flags = tf.app.flags

flags.DEFINE_string("master", "", "The TensorFlow master.")
flags.DEFINE_string("train_dir", None, "Where checkpoints and events go.")
flags.DEFINE_integer("num_clones", 1, "Number of model clones.")
flags.DEFINE_boolean("clone_on_cpu", False, "Whether clones are on the CPU.")
flags.DEFINE_integer("num_readers", 1, "Number of parallel readers.")
flags.DEFINE_integer("log_every_n_steps", 10, "How often the loss is told.")
flags.DEFINE_float("weight_decay", 0.0004, "Of the L2 penalty on the weights.")
flags.DEFINE_float("learning_rate", 0.01, "At the start.")
flags.DEFINE_float("learning_rate_decay_factor", 0.94, "Every decay_steps.")
flags.DEFINE_integer("decay_steps", 100, "Of the learning rate.")
flags.DEFINE_string("dataset_name", "imagenet", "The data set.")
flags.DEFINE_string("dataset_split_name", "train", "The split.")
flags.DEFINE_string("dataset_dir", None, "Where its files are.")
flags.DEFINE_integer("labels_offset", 0, "Taken from each label.")
flags.DEFINE_string("model_name", "inception_v3", "The network.")
flags.DEFINE_string("preprocessing_name", None, "In place of the network's own.")
flags.DEFINE_integer("batch_size", 32, "Pictures a batch.")
flags.DEFINE_integer("train_image_size", None, "In place of the network's own.")
flags.DEFINE_integer("max_number_of_steps", None, "Number of steps.")
flags.DEFINE_string("checkpoint_path", None, "To start from.")
flags.DEFINE_string("checkpoint_exclude_scopes", None, "Not restored from it.")
flags.DEFINE_string("trainable_scopes", None, "What is trained; all if None.")
FLAGS = flags.FLAGS


def batches(dataset, image_size):
    provider = slim.dataset_data_provider.DatasetDataProvider(
        dataset,
        num_readers=FLAGS.num_readers,
        common_queue_capacity=20 * FLAGS.batch_size,
        common_queue_min=2 * FLAGS.batch_size,
    )
    [image, label] = provider.get(["image", "label"])
    label -= FLAGS.labels_offset
    prepare = preprocessing_factory.get_preprocessing(
        FLAGS.preprocessing_name or FLAGS.model_name, is_training=True
    )
    image = prepare(image, image_size, image_size)
    images, labels = tf.train.batch([image, label], batch_size=FLAGS.batch_size, num_threads=2)
    labels = slim.one_hot_encoding(labels, dataset.num_classes - FLAGS.labels_offset)
    return slim.prefetch_queue.prefetch_queue([images, labels], capacity=2)


def init_fn():
    if FLAGS.checkpoint_path is None:
        return None
    exclusions = [scope.strip() for scope in (FLAGS.checkpoint_exclude_scopes or "").split(",") if scope]
    variables = [v for v in slim.get_model_variables() if not v.op.name.startswith(tuple(exclusions))]
    return slim.assign_from_checkpoint_fn(FLAGS.checkpoint_path, variables)


def variables_to_train():
    if FLAGS.trainable_scopes is None:
        return tf.trainable_variables()
    scopes = [scope.strip() for scope in FLAGS.trainable_scopes.split(",")]
    return [v for s in scopes for v in tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, s)]


def main(_):
    if not FLAGS.dataset_dir:
        raise ValueError("You must supply the dataset directory with --dataset_dir")
    tf.logging.set_verbosity(tf.logging.INFO)
    with tf.Graph().as_default():
        config = model_deploy.DeploymentConfig(num_clones=FLAGS.num_clones, clone_on_cpu=FLAGS.clone_on_cpu)
        with tf.device(config.variables_device()):
            global_step = slim.create_global_step()
        dataset = dataset_factory.get_dataset(FLAGS.dataset_name, FLAGS.dataset_split_name, FLAGS.dataset_dir)
        network_fn = nets_factory.get_network_fn(
            FLAGS.model_name,
            num_classes=dataset.num_classes - FLAGS.labels_offset,
            weight_decay=FLAGS.weight_decay,
            is_training=True,
        )
        with tf.device(config.inputs_device()):
            queue = batches(dataset, FLAGS.train_image_size or network_fn.default_image_size)

        def clone_fn(batch_queue):
            images, labels = batch_queue.dequeue()
            logits, end_points = network_fn(images)
            tf.losses.softmax_cross_entropy(labels, logits)
            return end_points

        clones = model_deploy.create_clones(config, clone_fn, [queue])
        update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS, clones[0].scope)
        for name, end_point in clones[0].outputs.items():
            tf.summary.histogram("activations/" + name, end_point)
        with tf.device(config.optimizer_device()):
            rate = tf.train.exponential_decay(
                FLAGS.learning_rate, global_step, FLAGS.decay_steps, FLAGS.learning_rate_decay_factor
            )
            optimizer = tf.train.MomentumOptimizer(rate, 0.9)
            tf.summary.scalar("learning_rate", rate)
        total_loss, gradients = model_deploy.optimize_clones(clones, optimizer, var_list=variables_to_train())
        tf.summary.scalar("total_loss", total_loss)
        update_ops.append(optimizer.apply_gradients(gradients, global_step=global_step))
        with tf.control_dependencies([tf.group(*update_ops)]):
            train_tensor = tf.identity(total_loss, name="train_op")
        slim.learning.train(
            train_tensor,
            logdir=FLAGS.train_dir,
            master=FLAGS.master,
            is_chief=True,
            init_fn=init_fn(),
            summary_op=tf.summary.merge_all(),
            number_of_steps=FLAGS.max_number_of_steps,
            log_every_n_steps=FLAGS.log_every_n_steps,
            save_summaries_secs=600,
            save_interval_secs=600,
        )


if __name__ == "__main__":
    tf.app.run()
