"""How the convolutions that are made of one core are called, for type checkers and editors."""

from collections.abc import Mapping
from typing import Any, Protocol

import tensorflow as tf

from slimzoo.slim.types import (
    Activation,
    Collections,
    Initializer,
    Normalizer,
    Regularizer,
    Reuse,
    Scope,
    Size,
    TensorLike,
    VariableCollections,
)


class Convolution(Protocol):
    """conv1d, conv2d, conv3d; `convolve_layer` says what the arguments mean."""

    def __call__(
        self,
        inputs: TensorLike,
        num_outputs: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: str = "SAME",
        data_format: str | None = None,
        rate: Size = 1,
        activation_fn: Activation | None = tf.nn.relu,
        normalizer_fn: Normalizer | None = None,
        normalizer_params: Mapping[str, Any] | None = None,
        weights_initializer: Initializer = ...,
        weights_regularizer: Regularizer | None = None,
        biases_initializer: Initializer | None = ...,
        biases_regularizer: Regularizer | None = None,
        reuse: Reuse | None = None,
        variables_collections: VariableCollections | None = None,
        outputs_collections: Collections | None = None,
        trainable: bool = True,
        scope: Scope | None = None,
    ) -> tf.Tensor: ...


class ConvolutionOfAnyRank(Protocol):
    """convolution; `convolve_layer` says what the arguments mean."""

    def __call__(
        self,
        inputs: TensorLike,
        num_outputs: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: str = "SAME",
        data_format: str | None = None,
        rate: Size = 1,
        activation_fn: Activation | None = tf.nn.relu,
        normalizer_fn: Normalizer | None = None,
        normalizer_params: Mapping[str, Any] | None = None,
        weights_initializer: Initializer = ...,
        weights_regularizer: Regularizer | None = None,
        biases_initializer: Initializer | None = ...,
        biases_regularizer: Regularizer | None = None,
        reuse: Reuse | None = None,
        variables_collections: VariableCollections | None = None,
        outputs_collections: Collections | None = None,
        trainable: bool = True,
        scope: Scope | None = None,
        conv_dims: int | None = None,
    ) -> tf.Tensor: ...


class TransposedConvolution(Protocol):
    """conv2d_transpose, conv3d_transpose; conv_transpose.py says what the arguments mean."""

    def __call__(
        self,
        inputs: TensorLike,
        num_outputs: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: str = "SAME",
        data_format: str = ...,
        activation_fn: Activation | None = tf.nn.relu,
        normalizer_fn: Normalizer | None = None,
        normalizer_params: Mapping[str, Any] | None = None,
        weights_initializer: Initializer = ...,
        weights_regularizer: Regularizer | None = None,
        biases_initializer: Initializer | None = ...,
        biases_regularizer: Regularizer | None = None,
        reuse: Reuse | None = None,
        variables_collections: VariableCollections | None = None,
        outputs_collections: Collections | None = None,
        trainable: bool = True,
        scope: Scope | None = None,
    ) -> tf.Tensor: ...
