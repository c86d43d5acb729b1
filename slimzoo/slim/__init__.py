"""TF-Slim's layers for today's TensorFlow: `from slimzoo import slim`."""

from slimzoo.slim import (
    data,
    evaluation,
    layers,
    learning,
    losses,
    metrics,
    model_analyzer,
    queues,
    regularizers,
    summaries,
    training,
    utils,
)
from slimzoo.slim.activations import maxout, poincare_normalize, scale_gradient, spatial_softmax, unit_norm
from slimzoo.slim.arg_scope import (
    add_arg_scope,
    arg_scope,
    arg_scope_func_key,
    arg_scoped_arguments,
    current_arg_scope,
    has_arg_scope,
)
from slimzoo.slim.batch_norm import batch_norm
from slimzoo.slim.bucketize import bucketize
from slimzoo.slim.compose import repeat, stack
from slimzoo.slim.conv import (
    bias_add,
    conv1d,
    conv2d,
    conv3d,
    convolution,
    convolution1d,
    convolution2d,
    convolution3d,
    separable_conv2d,
    separable_convolution2d,
)
from slimzoo.slim.conv_in_plane import conv2d_in_plane, convolution2d_in_plane
from slimzoo.slim.conv_transpose import (
    conv2d_transpose,
    conv3d_transpose,
    convolution2d_transpose,
    convolution3d_transpose,
)
from slimzoo.slim.data import (
    data_decoder,
    data_provider,
    dataset,
    dataset_data_provider,
    parallel_reader,
    prefetch_queue,
    tfexample_decoder,
)
from slimzoo.slim.dense import elu, fully_connected, linear, relu, relu6
from slimzoo.slim.devices import VariableDeviceChooser
from slimzoo.slim.gdn import GDN, gdn
from slimzoo.slim.initializers import (
    variance_scaling_initializer,
    xavier_initializer,
    xavier_initializer_conv2d,
)
from slimzoo.slim.legacy import legacy_fully_connected, legacy_linear, legacy_relu
from slimzoo.slim.normalization import group_norm, instance_norm, layer_norm
from slimzoo.slim.optimizers import (
    OPTIMIZER_CLS_NAMES,
    OPTIMIZER_SUMMARIES,
    adaptive_clipping_fn,
    optimize_loss,
)
from slimzoo.slim.pool import avg_pool2d, avg_pool3d, max_pool2d, max_pool3d, pool
from slimzoo.slim.recompute import recompute_grad
from slimzoo.slim.regularizers import (
    apply_regularization,
    l1_l2_regularizer,
    l1_regularizer,
    l2_regularizer,
    sum_regularizer,
)
from slimzoo.slim.restoring import (
    assign_from_checkpoint,
    assign_from_checkpoint_fn,
    assign_from_values,
    assign_from_values_fn,
)
from slimzoo.slim.rev_block import RevBlock, rev_block
from slimzoo.slim.sequence import images_to_sequence, sequence_to_images
from slimzoo.slim.shape import dropout, flatten, one_hot_encoding, softmax
from slimzoo.slim.sparse import dense_to_sparse
from slimzoo.slim.summarize import (
    summarize_activation,
    summarize_activations,
    summarize_biases,
    summarize_collection,
    summarize_tensor,
    summarize_tensors,
    summarize_variables,
    summarize_weights,
)
from slimzoo.slim.training import evaluation as train_eval
from slimzoo.slim.variables import (
    add_model_variable,
    assert_global_step,
    assert_or_get_global_step,
    create_global_step,
    filter_variables,
    get_global_step,
    get_local_variables,
    get_model_variables,
    get_or_create_global_step,
    get_trainable_variables,
    get_unique_variable,
    get_variable_full_name,
    get_variables,
    get_variables_by_name,
    get_variables_by_suffix,
    get_variables_to_restore,
    global_variable,
    local_variable,
    model_variable,
    variable,
)
