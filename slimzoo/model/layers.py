"""The layers of a Model as a user of Keras looks for them: by end point or scope, with their variables."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, NoReturn, Protocol

import numpy as np

from slimzoo.errors import SlimzooError, some
from slimzoo.names import all_scopes, in_scopes, lies_in, near_or_in, scopes_up, scopes_without
from slimzoo.tracing.discovery import Discovery
from slimzoo.tracing.layers import layer_scope
from slimzoo.tracing.parts import Parts

LOGITS = ""  # what the model calls them
LAST = "logits"  # the layer that the logits come out of, where no end point is them


class Layered(Protocol):
    """What of a Model its layers need."""

    name: str
    frozen: tuple[str, ...]
    trainable: bool
    parts: Parts
    discovery: Discovery
    variables_by_name: dict[str, Any]

    def symbol(self, end_point: str) -> Any: ...

    def set_frozen(self, scopes: Iterable[str]) -> None: ...

    def note_training(self) -> None: ...


class Layer:
    """A part of a Model that goes by a name; no keras.layers.Layer, but it answers like one.

    Attributes:
      name: of an end point, or of a scope.
    """

    built = True

    def __init__(self, model: Layered, name: str, variables: Iterable[str], end_point: str | None):
        self.name = name
        self._model = model
        self._variables = tuple(variables)
        self._end_point = end_point

    @cached_property
    def scopes(self) -> set[str]:
        """The largest ones that hold its variables and no others."""
        own = Counter(scope for name in self._variables for scope in scopes_up(name))
        every = Counter(scope for name in self._model.variables_by_name for scope in scopes_up(name))
        whole = frozenset(scope for scope, size in own.items() if every[scope] == size)
        return {scope for scope in whole if not lies_in(scope.rpartition("/")[0], whole)}

    @property
    def first(self) -> str | None:
        """The name of its first variable."""
        return self._variables[0] if self._variables else None

    @property
    def weights(self) -> list[Any]:
        """Its variables, in the order of creation."""
        known = self._model.variables_by_name
        return [known[name] for name in self._variables]

    variables = weights

    @property
    def trainable_weights(self) -> list[Any]:
        """Those that training changes."""
        return [variable for variable in self.weights if variable.trainable and self._model.trainable]

    trainable_variables = trainable_weights

    @property
    def non_trainable_weights(self) -> list[Any]:
        """Those that training does not change, but for moving averages."""
        trained = {id(variable) for variable in self.trainable_weights}
        return [variable for variable in self.weights if id(variable) not in trained]

    non_trainable_variables = non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether it trains; set, it is what freeze() and unfreeze() of its scopes do."""
        held = frozenset(self._model.frozen)
        frozen = bool(self._variables) and all(lies_in(name, held) for name in self._variables)
        return self._model.trainable and not frozen

    @trainable.setter
    def trainable(self, value: bool) -> None:
        held = set(self._model.frozen)
        if not value:
            held |= self.scopes
        elif self.scopes <= held:
            held -= self.scopes
        else:
            held = scopes_without(held, self.scopes, self._model.variables_by_name)
        self._model.set_frozen(held)

    @property
    def input(self) -> Any:
        """Raises SlimzooError: what goes into a layer has no name; a model begins at its images."""
        raise SlimzooError(
            f"{self._model.name}: what goes into {self.name} has no name, so a model cannot begin there; "
            "one from the images to its output is keras.Model(model.inputs, model.get_layer(name).output)"
        )

    @property
    def output(self) -> Any:
        """What comes out, as a symbolic tensor made of model.inputs.

        Raises: SlimzooError: the network function returns no such end point.
        """
        if self._end_point is None:
            ends = some([*self._model.discovery.mode(False).end_points]) or "none"
            raise SlimzooError(
                f"{self._model.name}: what comes out of {self.name} is no end point of the network, so "
                "it has no output here; feature_model(name) and get_layer(name).output are for end points: "
                f"{ends}"
            )
        return self._model.symbol(self._end_point)

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """Of what comes out of images of input_shape."""
        return tuple(self.output.shape)

    def get_weights(self) -> list[np.ndarray]:
        """Returns the values of its variables."""
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, values: Sequence[Any]) -> None:
        """Sets its variables. Raises: SlimzooError: another number of values, or another shape."""
        shapes = [tuple(np.shape(value)) for value in values]
        wanted = [tuple(variable.shape) for variable in self.weights]
        if shapes != wanted:
            raise SlimzooError(f"layer {self.name} has variables of shapes {wanted}; {shapes} were given")
        self._model.note_training()
        for variable, value in zip(self.weights, values, strict=True):
            variable.assign(value)

    def count_params(self) -> int:
        """Returns how many values its variables have."""
        return sum(int(np.prod(variable.shape)) for variable in self.weights)

    def __getattr__(self, name: str) -> NoReturn:
        """Raises AttributeError: it says what a layer has here."""
        if name.startswith("_"):
            raise AttributeError(name)
        has = ", ".join(sorted(known for known in dir(type(self)) if not known.startswith("_")))
        raise AttributeError(
            f"layer {self.__dict__.get('name')} has no {name!r}: it is a part of a TF-Slim function, and no "
            f"keras.layers.Layer. It has name, {has}. Its variables by slim's names: model.variables_by_name"
        )

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises SlimzooError: a part of a function cannot be run alone."""
        del args, kwargs
        raise SlimzooError(f"{self._model.name}: a layer cannot be called alone: {self}")

    def __str__(self) -> str:
        """What Keras says of it where it wants a layer of its own."""
        return (
            f"{self!r}, a part of a TF-Slim function and no keras.layers.Layer; feature_model(name) and "
            "keras.Model(model.inputs, model.get_layer(name).output) end at an end point; others go behind"
        )

    def __repr__(self) -> str:
        held = "" if self.trainable else ", frozen"
        return f"<layer {self.name}: {self.count_params():,} parameters{held}>"


def layers_of(model: Layered) -> list[Layer]:
    """Returns the layers in order, each variable in one of them: the first end point that needs it.

    Where that is not known, a function of yours, names tell: variables are of the end point that is called as
    a scope they lie in; those of no end point are layers by the scope of their own, and have no output.
    """
    mode = model.discovery.mode(False)
    ends = list(mode.end_points)
    places = {name: i for i, name in enumerate(model.variables_by_name)}
    owner = _owners(model, ends)
    owned: dict[str, list[str]] = {}
    for name, end in owner.items():
        owned.setdefault(end, []).append(name)
    found = [Layer(model, end, sorted(owned.get(end, ()), key=places.__getitem__), end) for end in ends]
    alone: dict[str, list[str]] = {}
    for name in places:
        if name not in owner:
            alone.setdefault(layer_scope(name), []).append(name)
    for scope, names in alone.items():
        later = (i for i, layer in enumerate(found) if layer.first and places[layer.first] > places[names[0]])
        found.insert(next(later, len(found)), Layer(model, scope, names, None))
    if owned.get(LOGITS) or mode.output_shape not in mode.end_points.values():
        found.append(Layer(model, LAST, owned.get(LOGITS, ()), LOGITS))
    return found


def _owners(model: Layered, ends: Sequence[str]) -> dict[str, str]:
    """Returns {variable: end point or LOGITS}; some variables of a function of yours may be of none."""
    replay = model.discovery.replay
    if replay:
        behind = zip((*ends, LOGITS), replay.first_needed_by(), strict=True)
        return {name: end for end, names in behind for name in names}
    owners: dict[str, str] = {}
    for name in model.variables_by_name:
        inner_first = [*scopes_up(name)][1:]
        end = next((end for scope in inner_first if (end := _end_point_of(scope, ends)) is not None), None)
        if end is not None:
            owners[name] = end
    return owners if model.parts.network is None else _with_the_next(owners, [*model.variables_by_name])


def _with_the_next(owners: dict[str, str], variables: Sequence[str]) -> dict[str, str]:
    """Returns `owners`; what has none has that of the next variable that has one, as networks are made."""
    complete, last = {}, LOGITS
    for name in reversed(variables):
        complete[name] = last = owners.get(name, last)
    return complete


def _end_point_of(scope: str, ends: Sequence[str]) -> str | None:
    scope = f"/{scope.lower()}"  # nasnet's Cell_0 is cell_0
    return next((end for end in ends if scope.endswith(f"/{end.lower()}")), None)


def layer_called(model: Layered, layers: Sequence[Layer], name: str) -> Layer:
    """Returns the layer `name`: an end point with all that lies in a scope called so, or a scope.

    The last part of a name does where no other ends so. Raises: SlimzooError: there is neither.
    """
    ends, variables = model.discovery.mode(False).end_points, model.variables_by_name
    scopes = [scope for scope in all_scopes(variables) if scope not in variables]
    name = _whole(name, ends) or _whole(name, scopes) or name
    called = [scope for scope in scopes if scope == name or (name in ends and scope.endswith(f"/{name}"))]
    listed = next((layer for layer in layers if layer.name == name), None)
    if len(called) != 1:
        if listed is None:
            _refuse_name(model, name, [*(layer.name for layer in layers), *scopes])
        return listed
    inside = [variable for variable in variables if in_scopes(variable, called)]
    end = name if name in ends else LOGITS if listed and name == LAST else _end_point_of(name, list(ends))
    return Layer(model, name, inside, end)


def _whole(name: str, known: Iterable[str]) -> str | None:
    """Returns `name` if it is `known`, or the one of them that ends in it: "fc7" is "vgg_16/fc7"."""
    known = list(known)
    ending = [other for other in known if other.endswith(f"/{name}")]
    return name if name in known else ending[0] if len(ending) == 1 else None


def _refuse_name(model: Layered, name: str, known: Sequence[str]) -> NoReturn:
    if isinstance(name, int):
        raise SlimzooError(f"{model.name}.get_layer({name}): a number goes in as get_layer(index={name})")
    likely = ", ".join(near_or_in(str(name), known)) or "none is near"
    raise SlimzooError(
        f"{model.name} has no layer {name!r}; nearest: {likely}. Layers go by the end points and the scopes "
        "of the network: [layer.name for layer in model.layers]"
    )
