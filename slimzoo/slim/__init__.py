"""TF-Slim's layers for today's TensorFlow: `from slimzoo import slim`."""

from slimzoo.slim import layers, losses, regularizers, utils
from slimzoo.slim.arg_scope import (
    add_arg_scope,
    arg_scope,
    arg_scope_func_key,
    arg_scoped_arguments,
    current_arg_scope,
    has_arg_scope,
)
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
from slimzoo.slim.dense import elu, fully_connected, linear, relu, relu6
from slimzoo.slim.initializers import (
    variance_scaling_initializer,
    xavier_initializer,
    xavier_initializer_conv2d,
)
from slimzoo.slim.norm import batch_norm
from slimzoo.slim.pool import avg_pool2d, avg_pool3d, max_pool2d, max_pool3d, pool
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
from slimzoo.slim.shape import dropout, flatten, one_hot_encoding, softmax
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
