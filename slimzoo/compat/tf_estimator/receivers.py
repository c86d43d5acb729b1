"""What an exported model takes: placeholders, and the features made of them."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from slimzoo.compat.tf_estimator.spec import is_tensor
from slimzoo.errors import shown

v1 = tf.compat.v1


class _Fields(NamedTuple):
    features: Any
    receiver_tensors: Any
    receiver_tensors_alternatives: Any = None


class _Receiver(_Fields):
    __slots__ = ()

    @classmethod
    def _checked(cls, features: Any, tensors: Any, alternatives: Any) -> Any:
        if alternatives is not None and not isinstance(alternatives, Mapping):
            raise ValueError(f"receiver_tensors_alternatives must be a dict: {shown(alternatives)}.")
        named = {
            name: _named(given, "input", f"receiver_tensors_alternatives[{name}]")
            for name, given in (alternatives or {}).items()
        }
        return features, _named(tensors, "input", "receiver_tensors"), named if alternatives else alternatives


class ServingInputReceiver(_Receiver):
    """What a model is fed with, and the features made of it.

    Args:
      features: a tensor, which becomes {"feature": tensor}, or a dict of tensors.
      receiver_tensors: a tensor, which is called "input", or a dict of tensors.
      receiver_tensors_alternatives: {name: other receiver tensors} of which the same features come.

    Raises: ValueError: something is no tensor, or missing.
    """

    __slots__ = ()

    def __new__(
        cls, features: Any, receiver_tensors: Any, receiver_tensors_alternatives: Any = None
    ) -> "ServingInputReceiver":
        """Names single tensors."""
        features = _named(features, "feature", "features")
        return super().__new__(cls, *cls._checked(features, receiver_tensors, receiver_tensors_alternatives))


class TensorServingInputReceiver(_Receiver):
    """A ServingInputReceiver whose features are one tensor, which model_fn gets as it is."""

    __slots__ = ()

    def __new__(
        cls, features: Any, receiver_tensors: Any, receiver_tensors_alternatives: Any = None
    ) -> "TensorServingInputReceiver":
        """Checks that there is one tensor."""
        if not is_tensor(features):
            raise ValueError(f"features must be a Tensor, given: {shown(features)}")
        return super().__new__(cls, *cls._checked(features, receiver_tensors, receiver_tensors_alternatives))


def _named(given: Any, single: str, what: str) -> dict[str, Any]:
    """Returns {name: tensor} of a tensor or a dict."""
    if given is None:
        raise ValueError(f"{what} must be defined, a tensor or a dict of tensors")
    named = given if isinstance(given, Mapping) else {single: given}
    for name, value in named.items():
        if not isinstance(name, str | int):
            raise ValueError(f"{what} keys must be strings: {shown(name)}.")
        if not is_tensor(value):
            raise ValueError(
                f"{what} {name} must be a Tensor, SparseTensor, or RaggedTensor, is {shown(value)}."
            )
    return dict(named)


def build_raw_serving_input_receiver_fn(
    features: Mapping[str, Any], default_batch_size: int | None = None
) -> Callable[[], ServingInputReceiver]:
    """Returns a function whose model is fed with the features themselves.

    Args:
      features: {name: a tensor, whose shape and type the placeholder has}.
      default_batch_size: None: any.
    """

    def serving_input_receiver_fn() -> ServingInputReceiver:
        receivers = {
            name: v1.placeholder(
                tensor.dtype, _batched(tensor.shape, default_batch_size), _op_name(tensor, name)
            )
            for name, tensor in features.items()
        }
        return ServingInputReceiver(receivers, receivers)

    return serving_input_receiver_fn


def build_parsing_serving_input_receiver_fn(
    feature_spec: Mapping[str, Any], default_batch_size: int | None = None
) -> Callable[[], ServingInputReceiver]:
    """Returns a function whose model is fed with serialized tf.Examples, under "examples".

    Args:
      feature_spec: {name: tf.FixedLenFeature or VarLenFeature}.
      default_batch_size: None: any.
    """

    def serving_input_receiver_fn() -> ServingInputReceiver:
        serialized = v1.placeholder(tf.string, [default_batch_size], "input_example_tensor")
        features = v1.io.parse_example(serialized, dict(feature_spec))
        return ServingInputReceiver(features, {"examples": serialized})

    return serving_input_receiver_fn


def _batched(shape: Any, batch: int | None) -> Any:
    return shape if shape.rank in (None, 0) else [batch, *shape.as_list()[1:]]


def _op_name(tensor: Any, name: str) -> str:
    """Returns a name of the placeholder for a feature."""
    return tensor.op.name if hasattr(tensor, "graph") else str(name)
