import tensorflow as tf
from tensorflow.contrib import slim

from . import again

assert again.np.int is int
assert tf.contrib.slim is slim
