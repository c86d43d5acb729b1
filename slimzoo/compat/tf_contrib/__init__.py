"""Parts of TensorFlow 1's tf.contrib beside slim, a file or a folder each, under the names that they had."""
