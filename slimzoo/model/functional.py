"""The outputs and the layers of a Model, as a functional Keras model has them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import keras

from slimzoo.errors import SlimzooError
from slimzoo.model.features import FeatureModel, Hosted
from slimzoo.model.layers import LOGITS, Layer, layer_called, layers_of
from slimzoo.model.symbols import LikeFunctional
from slimzoo.tracing.discovery import Discovery


@dataclass(frozen=True)
class Found:
    """Layers, in what Keras does not track."""

    layers: list[Layer]


@keras.saving.register_keras_serializable("slimzoo")
class EndPoints(FeatureModel):
    """From images to a list: the logits and every end point of a Model whose variables it shares.

    It is the layer that model.output and the outputs of the Model's layers come from: of one run, however
    many of them a model is made of. A graph leaves out what nobody needs; eagerly all is computed.
    """

    def __init__(self, model: Hosted, names: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(
            model,
            tuple(model.discovery.mode(False).end_points),
            **{"name": f"{model.name}_end_points", **kwargs},
        )
        del names  # of a config: they are all

    def call(self, images: Any, training: bool | None = None) -> list[Any]:
        """Returns the logits, then the end points in the order of the network."""
        wanted = (LOGITS, *self.names)
        found = self.model.run_network(images, bool(training), wanted)
        return [found[name] for name in wanted]

    def known_outputs(self, batch: int | None) -> list[Any] | None:
        """Returns them as discovery found them, where the model computes as it did: in float32."""
        mode = self.model.discovery.mode(False)
        shapes = [mode.output_shape, *mode.end_points.values()]
        if self.compute_dtype != "float32" or not all(shapes):
            return None
        swapped = self.model.parts.data_format == "NCHW"
        shapes[1:] = [(s[0], s[2], s[3], s[1]) if swapped and len(s) == 4 else s for s in shapes[1:]]
        dtypes = ["float32", *mode.dtypes.values()]
        return [
            keras.KerasTensor((batch, *shape[1:]), dtype=dtype)
            for shape, dtype in zip(shapes, dtypes, strict=True)
        ]


class HasLayers(LikeFunctional):
    """The part of a Model that names its layers, and what comes out of them."""

    discovery: Discovery
    _layers_found: Found | None = None

    def connect(self, images: Any) -> list[Any]:
        """Returns the logits and the end points as symbolic tensors made of `images`."""
        return EndPoints(self)(images)

    @property
    def output(self) -> Any:
        """The logits, as a symbolic tensor made of `inputs`."""
        return self.symbol(LOGITS)

    def symbol(self, end_point: str) -> Any:
        """Returns an end point, or LOGITS, as a symbolic tensor made of `inputs`."""
        names = (LOGITS, *self.discovery.mode(False).end_points)
        return self.symbols().outputs[names.index(end_point)]

    def known_outputs(self, batch: int | None) -> Any:
        """Returns the logits as discovery found them."""
        shape = self.discovery.output_shape
        return keras.KerasTensor((batch, *shape[1:]), dtype="float32") if shape else None

    @property
    def layers(self) -> list[Any]:
        """The end points in their order, with the variables that each needs first, and Models inside.

        Of a function of yours a scope that is no end point is a layer too, but has no output.
        """
        if self._layers_found is None:
            self._layers_found = Found(layers_of(self))
        return [*self._layers_found.layers, *self.discovery.models]

    def __dir__(self) -> Iterable[str]:
        """Without the layers, which would have to be traced, but where Keras saves one that is a Model."""
        return [name for name in super().__dir__() if name != "layers" or self.discovery.models]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """Returns the layer of an end point or a scope, or the one at `index` of `layers`.

        Its `output` goes into keras.Model(model.inputs, ...), which computes what feature_model() does; its
        `trainable` is freeze() and unfreeze(). One asked for by name has all variables of a scope called so.
        Raises: SlimzooError: there is none; both are given, or neither.
        """
        layers = self.layers
        if (name is None) == (index is None):
            raise SlimzooError("get_layer takes a name or an index: get_layer('name'), get_layer(index=-1)")
        if name is not None:
            return layer_called(self, layers, name)
        assert index is not None
        if not -len(layers) <= index < len(layers):
            raise SlimzooError(f"{self.name} has {len(layers)} layers, and no layer {index}")
        return layers[index]
