"""An old program whose settings are tf.app.flags."""

import tensorflow as tf

slim = tf.contrib.slim
flags = tf.app.flags
flags.DEFINE_string("name", "nobody", "Who.")
flags.DEFINE_integer("number", 1, "How many.")
flags.DEFINE_boolean("loud", False, "Whether it shouts.")
FLAGS = flags.FLAGS


def main(argv):
    tf.logging.set_verbosity(tf.logging.INFO)
    text = f"{FLAGS.name} {FLAGS.number} {argv[1:]}"
    print(text.upper() if FLAGS.loud else text)
    if FLAGS.number > 8:
        raise KeyError(FLAGS.number)


if __name__ == "__main__":
    tf.app.run()
