"""An old program that imports in every way that old programs do; prints what it could not get.

Old programs reached into TensorFlow, tensorflow.python, too. slimzoo itself does not.
"""

import sys

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1
import tensorflow.contrib.slim as slim
import tensorflow.contrib.slim.nets as contrib_nets
import tf_slim
from tensorflow.contrib import framework, layers
from tensorflow.contrib import slim as slim_again
from tensorflow.contrib.framework import arg_scope
from tensorflow.contrib.framework.python.ops import add_arg_scope, variables
from tensorflow.contrib.framework.python.ops import arg_scope as arg_scope_inside
from tensorflow.contrib.layers.python.layers import utils
from tensorflow.contrib.slim.nets import vgg
from tensorflow.contrib.slim.python.slim.learning import train
from tensorflow.python import pywrap_tensorflow
from tensorflow.python.framework import dtypes, graph_util, ops
from tensorflow.python.ops import array_ops, control_flow_ops, math_ops, random_ops
from tensorflow.python.platform import gfile

import nets.vgg
from datasets import dataset_factory, dataset_utils
from deployment import model_deploy
from nets import nets_factory, resnet_v1
from preprocessing import preprocessing_factory

import beside
import package.inside

assert sys.argv == [sys.argv[0], "--x=1", "--help", "--", "3"], sys.argv
assert __name__ == "__main__"
assert str([np.float32(0.5), np.int64(3)]) == "[0.5, 3]"  # as NumPy 1 printed numbers in a list
assert tf1 is tf
assert tf.contrib.slim is slim is slim_again
assert tf_slim.conv2d is slim.conv2d is layers.conv2d is tf.contrib.layers.convolution2d
assert framework is tf.contrib.framework
assert arg_scope is slim.arg_scope is framework.arg_scope
assert arg_scope_inside is arg_scope
assert pywrap_tensorflow.NewCheckpointReader is tf.train.NewCheckpointReader
assert graph_util.convert_variables_to_constants is tf.graph_util.convert_variables_to_constants
assert (ops.Tensor, dtypes.float32, math_ops.add) == (tf.Tensor, tf.float32, math_ops.add)
assert (array_ops.stack, random_ops.random_crop) == (tf.stack, tf.random_crop)
assert (control_flow_ops.cond, control_flow_ops.while_loop) == (tf.cond, tf.while_loop)
assert np.fromstring(b"ab", dtype=np.uint8).tolist() == [97, 98]
assert np.fromstring("1 2", sep=" ").tolist() == [1.0, 2.0]
assert add_arg_scope is slim.add_arg_scope
assert variables.get_variables_to_restore is slim.get_variables_to_restore
assert utils.smart_cond is slim.utils.smart_cond
assert vgg is contrib_nets.vgg is nets.vgg
assert train is slim.learning.train is tf_slim.learning.train
assert gfile.__name__ == "tensorflow.python.platform.gfile"
assert resnet_v1 is not contrib_nets.resnet_v1
for module in (dataset_factory, dataset_utils, model_deploy, nets_factory, preprocessing_factory):
    assert module.__name__.startswith("slimzoo."), module
assert tf.contrib.metrics.streaming_mean is slim.metrics.streaming_mean
assert tf.contrib.losses.absolute_difference is slim.losses.absolute_difference
assert tf.contrib.training.HParams(rate=0.1).parse("rate=1").rate == 1.0
assert tf.gfile.Exists(__file__)
import tensorflow_estimator as tf_estimator
from tensorflow.estimator import ModeKeys
from tensorflow.python.estimator.inputs import numpy_io
from tensorflow_estimator.python.estimator.model_fn import EstimatorSpec
from tensorflow.contrib.tpu.python.tpu import tpu_config, tpu_estimator, tpu_optimizer

assert tf.estimator.ModeKeys is ModeKeys and tf.compat.v1.estimator.EstimatorSpec is EstimatorSpec
assert tf_estimator.estimator.Estimator is tf.estimator.Estimator
assert numpy_io.numpy_input_fn is tf.estimator.inputs.numpy_input_fn
assert tf.estimator.SessionRunHook is tf.train.SessionRunHook
assert tpu_estimator.TPUEstimator is tf.contrib.tpu.TPUEstimator is tf.estimator.tpu.TPUEstimator
assert tpu_config.RunConfig is tf.contrib.tpu.RunConfig
assert tpu_optimizer.CrossShardOptimizer is tf.contrib.tpu.CrossShardOptimizer
assert tf.contrib.learn.ModeKeys.INFER == ModeKeys.PREDICT
assert tf.app.flags is tf.flags
assert tf.logging.INFO == 20
assert (np.int, np.float, np.bool, np.object, np.str) == (int, float, bool, object, str)
assert beside.tf is tf
assert package.inside.slim is slim
assert package.inside.tf is tf
assert not tf.executing_eagerly()
assert tf.placeholder(tf.float32, [3, None]).shape[0].value == 3

for statement in (
    "from tensorflow.contrib.rnn import Nope",
    "from tensorflow.contrib.opt.python.training import x",
    "from tensorflow.models.rnn import ptb",
    "from tensorflow.contrib.slim import conv7d",
    "from nets import nope",
    "from nets import resnet_v3",
    "tf.contrib.tpu.TPUDistributionStrategy()",
    "from tensorflow.estimator import DNNClassifier",
    "tf.plaseholder",
):
    try:
        exec(statement)
        print("served:", statement)
    except (ImportError, AttributeError, NotImplementedError) as error:
        print(f"{type(error).__name__}: {error}")
