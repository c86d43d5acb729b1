"""What a functional Keras model has and a function's has not: symbolic inputs and outputs, layers by name."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, NoReturn

import keras

from slimzoo.errors import SlimzooError
from slimzoo.model.keras_files import OfFunction

_FLOATS = ("float16", "bfloat16", "float32", "float64")


class Symbols:
    """Images and what a model makes of them, as keras.Input() and a call of a layer give them."""

    def __init__(self, shape: tuple[int | None, ...], connect: Callable[[Any], Any]) -> None:
        self.images = keras.Input(shape, dtype="float32")
        self._connect = connect

    @cached_property
    def outputs(self) -> Any:
        """Made when they are first asked for."""
        return self._connect(self.images)


class LikeFunctional(OfFunction):
    """The part of a model that answers as a functional one; its symbolic tensors are made when asked for.

    So keras.Model(model.inputs, model.outputs) works; it shares the variables, as models made so do.
    """

    _symbols: Symbols | None = None

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Of the images, the batch first."""
        raise NotImplementedError

    def connect(self, images: Any) -> Any:
        """Returns what the model makes of symbolic `images`."""
        return self(images)

    def symbols(self) -> Symbols:
        """Returns the images and the outputs; the same ones at every call."""
        if self._symbols is None:
            self._symbols = Symbols(self.input_shape[1:], self.connect)
        return self._symbols

    def __dir__(self) -> Iterable[str]:
        """Without what would have to be traced: Keras looks at all of these when it saves and loads."""
        return [name for name in super().__dir__() if name not in ("outputs", "output_shape")]

    @property
    def inputs(self) -> list[Any]:
        """The images, as a symbolic tensor."""
        return [self.symbols().images]

    @property
    def outputs(self) -> list[Any]:
        """What comes out, as symbolic tensors."""
        return keras.tree.flatten(self.output)

    @property
    def input(self) -> Any:
        """The images, as a symbolic tensor."""
        return self.symbols().images

    @property
    def output(self) -> Any:
        """What comes out, as a symbolic tensor, or several."""
        return self.symbols().outputs

    @property
    def output_shape(self) -> Any:
        """Of what comes out of images of input_shape."""
        return keras.tree.map_structure(lambda tensor: tuple(tensor.shape), self.output)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of what comes out of images of `input_shape`, (N, height, width, channels)."""
        images = keras.KerasTensor(tuple(input_shape), dtype=self.compute_dtype)
        return keras.tree.map_structure(lambda tensor: tuple(tensor.shape), self.compute_output_spec(images))

    def compute_output_spec(self, images: Any, training: bool | None = None) -> Any:
        """Keras calls this; what discovery found out about the model's own size is not traced again."""
        own = isinstance(images, keras.KerasTensor) and tuple(images.shape[1:]) == self.input_shape[1:]
        if own and images.dtype in _FLOATS and not training:
            found = self.known_outputs(images.shape[0])
            if found is not None:
                return found
        return keras.Operation.compute_output_spec(self, images, training=training)

    def known_outputs(self, batch: int | None) -> Any:
        """Returns what comes out of `batch` images of input_shape, if it is known without a trace."""
        del batch
        return None

    def pop(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises SlimzooError: it says what does here what pop() does in a Sequential."""
        del args, kwargs
        self._is_no_stack(
            "pop",
            "num_classes=0 makes a model without its last layer, new_head(num_classes) one with another, and "
            "feature_model(name) ends at an end point",
        )

    def add(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises SlimzooError: it says what does here what add() does in a Sequential."""
        del args, kwargs
        self._is_no_stack(
            "add",
            "keras.Sequential([model, layer]) puts one behind it, new_head(num_classes) makes another end",
        )

    def _is_no_stack(self, method: str, instead: str) -> NoReturn:
        raise SlimzooError(f"{self.name}.{method}(): this is a function, and no stack of layers: {instead}")
