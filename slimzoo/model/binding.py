"""Runs a network function on variables that exist already: the third step of discover, create, bind."""

import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from typing import Any

import tensorflow as tf

from slimzoo.errors import SlimzooError
from slimzoo.model.recomputing import Unit, run_twice
from slimzoo.names import in_scopes
from slimzoo.slim.hosting import HOST, Host, hosted_by

MOST_TRACES = 16  # a Model keeps of its eager calls; one of a small network takes 5 MB


class BoundRun(Host):
    """One run of a network function inside the graph of its caller; the host that slim layers talk to.

    Each run lives in a variable scope of its own, whose prefix is taken off again before a variable is looked
    up. So default names (Conv, Conv_1) start anew in every run, whatever else the graph holds.
    """

    convolves_by_product = True

    def __init__(
        self,
        variables: Mapping[str, Any],
        frozen_scopes: Iterable[str],
        all_frozen: bool,
        seed_state: tf.Variable,
        together: bool = False,
        recompute: bool = False,
    ) -> None:
        self.together = together
        self.recomputed = 0  # units that will be run again for their gradients
        self._recompute = recompute
        self._variables = variables
        self._frozen_scopes = frozen_scopes
        self._all_frozen = all_frozen
        self._seed_state = seed_state
        self._prefix = ""
        self._seed: tf.Tensor | None = None
        self._seeds_drawn = 0

    def __call__(self, network: Callable, images: tf.Tensor, is_training: bool) -> Any:
        with (
            hosted_by(self),
            tf.compat.v1.variable_scope(None, "slimzoo", custom_getter=self._get) as scope,
        ):
            self._prefix = f"{scope.name}/"
            self._seed = self._draw() if is_training else None  # here, and not inside a tf.cond
            return network(images, is_training)

    def frozen(self, scope: str) -> bool:
        """Whether batch norm in the variable scope `scope` runs as in inference, without updates."""
        return self._all_frozen or in_scopes(self.own_name(scope), self._frozen_scopes)

    def run_unit(self, function: Callable, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Runs a part of the network; with gradient checkpointing it will be run again for its gradients."""
        if not self._recompute:
            return function(*args, **kwargs)
        results, again = run_twice(self, function, tuple(args), dict(kwargs))
        self.recomputed += again
        return results

    def random_seed(self) -> tf.Tensor:
        """Returns int32 [2], another at every call of every run of every replica."""
        self._seeds_drawn += 1
        base = self._draw() if self._seed is None else self._seed
        return tf.random.fold_in(base, self._seeds_drawn)

    def training_step(self) -> tf.Tensor:
        """Returns int64: how often the Model has run in training before, by the seeds it has drawn."""
        return self._seed_state[1] - 1

    def _draw(self) -> tf.Tensor:
        seed = tf.cast(self._seed_state.assign_add(tf.constant([0, 1], tf.int64)), tf.int32)
        replica = tf.distribute.get_replica_context()
        return tf.random.fold_in(seed, 0 if replica is None else replica.replica_id_in_sync_group)

    def own_name(self, name: str) -> str:
        """Returns the variable or scope `name` without the scope that this run lives in."""
        return name.removeprefix(self._prefix)

    def _get(self, getter: Callable, name: str, **asked: Any) -> Any:
        del getter  # everything exists already
        host = HOST.get()
        return (host if isinstance(host, Unit) else self).variable(name, asked)

    def variable(self, name: str, asked: Mapping[str, Any]) -> Any:
        """Returns the variable that the network asks for by get_variable, of the dtype that it wants."""
        name = self.own_name(name)
        if name not in self._variables:
            raise SlimzooError(
                f"the network asks for variable {name!r}, which it did not ask for when the Model was made. "
                "A network function must ask for the same variables at every run, whatever its images are."
            )
        variable = self._variables[name].value
        shape = asked.get("shape")
        if shape is not None and not tf.TensorShape(shape).is_compatible_with(variable.shape):
            raise SlimzooError(
                f"variable {name!r} has shape {tuple(variable.shape)}, and these images would need "
                f"{tuple(shape)}. Give images of the size the Model was made for, or make it with another "
                "input_shape."
            )
        dtype = tf.as_dtype(asked.get("dtype") or variable.dtype).base_dtype
        return variable if dtype == variable.dtype.base_dtype else tf.cast(variable, dtype)


class Traces:
    """The tf.functions of the latest eager calls, one a size of image; any thread may ask."""

    def __init__(self) -> None:
        self._functions: OrderedDict[Any, Callable] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Any, make: Callable[[], Callable]) -> Callable:
        """Returns what `make` made for `key`, now or before; of too many the longest unused goes."""
        with self._lock:
            if key not in self._functions:
                self._functions[key] = make()
            self._functions.move_to_end(key)
            while len(self._functions) > MOST_TRACES:
                self._functions.popitem(last=False)
            return self._functions[key]


class _Process:
    """Whether this process is a copy of one in which TensorFlow had started: without its threads."""

    started = False
    forked = False

    @classmethod
    def note_fork(cls) -> None:
        cls.forked = cls.started


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Process.note_fork)


def refuse_fork() -> None:
    """Raises RuntimeError in a process that was forked from one that had a Model: it would hang for ever."""
    if _Process.forked:
        raise RuntimeError(
            "this process is a fork of one in which TensorFlow was running, and TensorFlow hangs in it: its "
            "threads were not copied. Start processes with multiprocessing.get_context('spawn'), or load the "
            "model in the new process, before anything of TensorFlow runs in the old one."
        )
    _Process.started = True


def refuse_session_graph() -> None:
    """Raises RuntimeError in a tf.Graph that a session would run."""
    refuse_fork()
    if not tf.executing_eagerly() and not tf.compat.v1.get_default_graph().building_function:
        raise RuntimeError(
            "a slimzoo.Model cannot be made or run in a tf.Graph with a session: its variables live outside "
            "of it. Call the network function itself there (slimzoo.get_network(name).build), or leave the "
            "graph."
        )
