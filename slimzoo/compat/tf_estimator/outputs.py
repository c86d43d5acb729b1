"""What an exported model gives: outputs, each of which becomes a signature of the SavedModel."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from slimzoo.errors import shown

_saved_model = tf.compat.v1.saved_model


class ExportOutput:
    """One of the things that an exported model gives."""

    def as_signature_def(self, receiver_tensors: Mapping[str, Any]) -> Any:
        """Returns the SignatureDef from `receiver_tensors` to this output.

        Raises: ValueError: this kind of output cannot be had of such inputs.
        """
        raise NotImplementedError


def _require(value: Any, name: str, dtypes: tuple[Any, ...], what: str) -> None:
    if not isinstance(value, tf.Tensor):
        raise ValueError(f"{name} must be a Tensor; got {shown(value)}")
    if not any(getattr(value.dtype, kind) for kind in dtypes) and dtypes:
        raise ValueError(f"{name} must be {what}; got {value}")


def _one_string(receiver_tensors: Mapping[str, Any], kind: str) -> Any:
    if len(receiver_tensors) != 1:
        raise ValueError(f"{kind} input must be a single string Tensor; got {sorted(receiver_tensors)}")
    (examples,) = receiver_tensors.values()
    if examples.dtype.base_dtype != tf.string:
        raise ValueError(f"{kind} input must be a single string Tensor; got {sorted(receiver_tensors)}")
    return examples


class ClassificationOutput(ExportOutput):
    """Scores and classes of a classifier, for serialized tf.Examples.

    Args:
      scores: a float tensor; classes: a string tensor. One of them at least.

    Raises: ValueError: neither is given, or one is of another type.
    """

    def __init__(self, scores: Any = None, classes: Any = None):
        if scores is None and classes is None:
            raise ValueError("At least one of scores and classes must be set.")
        if scores is not None:
            _require(scores, "Classification scores", ("is_floating",), "a float32 Tensor")
        if classes is not None:
            _require(classes, "Classification classes", (), "")
            if classes.dtype.base_dtype != tf.string:
                raise ValueError(f"Classification classes must be a string Tensor; got {classes}")
        self.scores, self.classes = scores, classes

    def as_signature_def(self, receiver_tensors: Mapping[str, Any]) -> Any:
        """Returns the signature of TensorFlow Serving's Classify."""
        examples = _one_string(receiver_tensors, "Classification")
        return _saved_model.classification_signature_def(examples, self.classes, self.scores)


class RegressionOutput(ExportOutput):
    """Values of a regression, for serialized tf.Examples.

    Args:
      value: a float tensor, or a dict of one.

    Raises: ValueError: it is of another type.
    """

    def __init__(self, value: Any):
        if isinstance(value, Mapping) and len(value) == 1:
            (value,) = value.values()
        _require(value, "Regression output value", ("is_floating",), "a float32 Tensor")
        self.value = value

    def as_signature_def(self, receiver_tensors: Mapping[str, Any]) -> Any:
        """Returns the signature of TensorFlow Serving's Regress."""
        examples = _one_string(receiver_tensors, "Regression")
        return _saved_model.regression_signature_def(examples, self.value)


class PredictOutput(ExportOutput):
    """Any outputs, of any inputs.

    Args:
      outputs: a tensor, which is called "output", or a dict of tensors.

    Raises: ValueError: a name is no string, a value no tensor.
    """

    def __init__(self, outputs: Any):
        named = outputs if isinstance(outputs, Mapping) else {"output": outputs}
        for name, value in named.items():
            if not isinstance(name, str):
                raise ValueError(f"Prediction output key must be a string; got {shown(name)}")
            if not isinstance(value, tf.Tensor | tf.SparseTensor):
                raise ValueError(f"Prediction output value must be a Tensor; {name} is {shown(value)}")
        self.outputs = dict(named)

    def as_signature_def(self, receiver_tensors: Mapping[str, Any]) -> Any:
        """Returns the signature of TensorFlow Serving's Predict."""
        return _saved_model.predict_signature_def(dict(receiver_tensors), self.outputs)
