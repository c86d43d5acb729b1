import tensorflow as tf

LAYERS = len([tf.contrib.slim.conv2d, tf.contrib.slim.fully_connected]) + 1
