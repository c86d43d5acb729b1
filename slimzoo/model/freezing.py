"""What of a Model stays as it is in training: scopes of variables, or all of it."""

from collections.abc import Iterable
from typing import Any

import keras

from slimzoo.names import Scopes, lies_in, scopes_without
from slimzoo.tracing.discovery import Discovery


class Freezes(keras.Model):
    """The part of a Model that holds variables fixed."""

    frozen: tuple[str, ...]
    together: bool = False  # batch norm in training is over the images of all replicas
    recompute: bool = False  # in training, units are run again for their gradients, and forgotten in between
    recomputed: int | None = None  # how many of them the last run in training had; None: there was none
    discovery: Discovery
    _by_name: dict[str, Any]

    def freeze(self, scopes: str | Iterable[str]) -> None:
        """Holds the variables of these scopes (or shell patterns) fixed, their batch norm in inference mode.

        If compiled, this model heeds it at once; one around it, and unfreeze(), want another compile().
        Raises: SlimzooError: a scope holds no variable.
        """
        self.set_frozen({*self.frozen, *Scopes(scopes, "freeze").among(self._by_name)})

    def unfreeze(self, scopes: str | Iterable[str] | None = None) -> None:
        """Takes freeze() back for these scopes, or for all; what else a frozen scope holds stays frozen.

        Raises: SlimzooError: a scope holds no variable.
        """
        gone = self.frozen if scopes is None else Scopes(scopes, "unfreeze").among(self._by_name)
        self.set_frozen(scopes_without(self.frozen, gone, self._by_name))

    def set_frozen(self, scopes: Iterable[str]) -> None:
        """Holds these scopes fixed and no others; they are names as they stand, which nothing checks."""
        given = frozenset(scopes)
        self.frozen = tuple(sorted(scope for scope in given if not lies_in(scope, given - {scope})))
        self._apply_frozen()
        self.train_function = None

    def trace_state(self) -> tuple:
        """What a trace depends on besides its images."""
        return (
            self.trainable,
            self.frozen,
            self.together,
            self.recompute,
            *(model.trace_state() for model in self.discovery.models),
        )

    def _apply_frozen(self) -> None:
        held = frozenset(self.frozen)
        for name, variable in self._by_name.items():
            trains = self.discovery.variables[name].trainable and not lies_in(name, held)
            variable.trainable = self.trainable and trains  # a model around this one asks the variables alone

    @property
    def trainable(self) -> bool:
        """Whether the model trains at all; False freezes its batch norm too, as in Keras."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        keras.Model.trainable.fset(self, value)
        if value and hasattr(self, "_by_name"):
            self._apply_frozen()
