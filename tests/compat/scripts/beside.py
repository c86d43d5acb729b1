import tensorflow as tf

assert tf.contrib.slim
