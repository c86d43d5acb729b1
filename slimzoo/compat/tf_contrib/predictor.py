"""tf.contrib.predictor: a SavedModel in a session of its own, as a function of arrays."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

v1 = tf.compat.v1
DEFAULT_TAGS = "serve"


class SavedModelPredictor:
    """A function {input name: array} -> {output name: array}.

    Attributes: graph, session, feed_tensors and fetch_tensors: {name: tensor}.
    """

    def __init__(
        self,
        export_dir: str,
        signature_def_key: str | None = None,
        signature_def: Any = None,
        input_names: Mapping[str, str] | None = None,
        output_names: Mapping[str, str] | None = None,
        tags: str | None = None,
        graph: tf.Graph | None = None,
        config: Any = None,
    ):
        _check(signature_def_key, signature_def, input_names, output_names)
        self.graph = graph or tf.Graph()
        with self.graph.as_default():
            self.session = v1.Session(config=config)
            loaded = v1.saved_model.load(self.session, (tags or DEFAULT_TAGS).split(","), export_dir)
        if input_names is None or output_names is None:
            chosen = signature_def or _signature(loaded, signature_def_key)
            input_names = {key: value.name for key, value in chosen.inputs.items()}
            output_names = {key: value.name for key, value in chosen.outputs.items()}
        self.feed_tensors = self._tensors(input_names)
        self.fetch_tensors = self._tensors(output_names)

    def _tensors(self, names: Mapping[str, str]) -> dict[str, tf.Tensor]:
        return {key: self.graph.get_tensor_by_name(name) for key, name in names.items()}

    def __call__(self, input_dict: Mapping[str, Any]) -> dict[str, Any]:
        if unknown := sorted(input_dict.keys() - self.feed_tensors.keys()):
            raise ValueError(
                f"Got unexpected keys in input_dict: {unknown}; expected: {sorted(self.feed_tensors)}"
            )
        feeds = {self.feed_tensors[key]: value for key, value in input_dict.items() if value is not None}
        return self.session.run(self.fetch_tensors, feeds)

    def __repr__(self) -> str:
        tensors = f"feed tensors {self.feed_tensors} and fetch_tensors {self.fetch_tensors}"
        return f"{type(self).__name__} with {tensors}"


def from_saved_model(
    export_dir: str,
    signature_def_key: str | None = None,
    signature_def: Any = None,
    input_names: Mapping[str, str] | None = None,
    output_names: Mapping[str, str] | None = None,
    tags: str | None = None,
    graph: tf.Graph | None = None,
    config: Any = None,
) -> SavedModelPredictor:
    """Returns the predictor of a SavedModel.

    Args:
      signature_def_key, signature_def: which of its signatures; "serving_default" unless given.
      input_names, output_names: {name: name of a tensor}, in place of a signature.
      tags: of the graph, with commas between them; "serve" unless given.
    Raises: ValueError: too much or too little is given, or there is no such signature.
    """
    return SavedModelPredictor(
        export_dir, signature_def_key, signature_def, input_names, output_names, tags, graph, config
    )


def _check(key: Any, signature: Any, inputs: Any, outputs: Any) -> None:
    if (inputs is None) != (outputs is None):
        raise ValueError("input_names and output_names must both be specified or both be unspecified.")
    if sum(given is not None for given in (key, signature, inputs)) > 1:
        raise ValueError(
            "You must specify at most one of signature_def_key OR signature_def OR "
            "(input_names AND output_names)."
        )


def _signature(loaded: Any, key: str | None) -> Any:
    key = key or v1.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
    for name in (key, f"default_input_alternative:{key}"):
        if name in loaded.signature_def:
            return loaded.signature_def[name]
    raise ValueError(
        f'Got signature_def_key "{key}". Available signatures are {sorted(loaded.signature_def)}'
    )
