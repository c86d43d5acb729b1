"""Gradient checkpointing: units of a network are run a second time for their gradients.

The second run is told what the first was told, answer by answer: the variables as they were then, the same
seeds, the same scopes frozen. So it computes the same, and what it assigns is dropped.
"""

import contextlib
import contextvars
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import tensorflow as tf

from slimzoo.slim.hosting import Host, hosted_by


class Run(Protocol):
    """The host of the whole run, as far as units need it."""

    together: bool

    def frozen(self, scope: str) -> bool: ...
    def random_seed(self) -> tf.Tensor: ...
    def training_step(self) -> tf.Tensor: ...
    def own_name(self, name: str) -> str: ...
    def variable(self, name: str, asked: Mapping[str, Any]) -> Any: ...


class Unit(Host):
    """The host of one run of a unit; units inside of it are run as they are."""

    convolves_by_product = True

    def __init__(self, run: Run) -> None:
        self.together = run.together
        self._run = run

    def own_name(self, name: str) -> str:
        """Returns the variable or scope `name` without the scope of the whole run."""
        return self._run.own_name(name)

    def variable(self, name: str, asked: Mapping[str, Any]) -> Any:
        """Returns what the unit asks for by get_variable."""
        raise NotImplementedError


class First(Unit):
    """Asks the host of the whole run, and notes its answers."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.answers: list[Any] = []
        self.values: list[tf.Tensor] = []  # of variables, when they were asked for

    def _noted(self, answer: Any) -> Any:
        self.answers.append(answer)
        return answer

    def frozen(self, scope: str) -> bool:
        """Whether batch norm in `scope` runs as in inference."""
        return self._noted(self._run.frozen(scope))

    def random_seed(self) -> tf.Tensor:
        """Returns another seed at each call."""
        return self._noted(self._run.random_seed())

    def training_step(self) -> tf.Tensor:
        """Returns how often the network has run in training."""
        return self._noted(self._run.training_step())

    def variable(self, name: str, asked: Mapping[str, Any]) -> Any:
        """Returns the variable; its value is read here, before the unit may update it."""
        variable = self._run.variable(name, asked)
        self.values.append(tf.identity(tf.convert_to_tensor(variable)))
        return variable


class Again(Unit):
    """Gives the answers of the first run, in their order; default names of scopes may be others by now."""

    def __init__(self, run: Run, answers: Iterable[Any], values: Iterable[tf.Tensor]) -> None:
        super().__init__(run)
        self._answers, self._values = iter(answers), iter(values)

    def frozen(self, scope: str) -> bool:
        """Whether batch norm in `scope` ran as in inference."""
        del scope
        return next(self._answers)

    def random_seed(self) -> tf.Tensor:
        """Returns the seed that was given."""
        return next(self._answers)

    def training_step(self) -> tf.Tensor:
        """Returns the step that was given."""
        return next(self._answers)

    def variable(self, name: str, asked: Mapping[str, Any]) -> tf.Tensor:
        """Returns the value that the variable had; what is assigned to it changes nothing."""
        del name, asked
        value = next(self._values)
        value.assign = value.assign_add = value.assign_sub = lambda given, *_, **__: tf.identity(given)
        value.read_value = value.value = lambda: value
        return value


def run_twice(run: Run, function: Callable, args: tuple, kwargs: dict[str, Any]) -> tuple[Any, bool]:
    """Returns what `function` gives, whose gradients run it again, and True; or as it is, and False.

    It is left as it is where nothing would be saved, or gradients lost: it takes or gives no tensor, or uses
    one from outside that is no argument.
    """
    graph, scope = tf.compat.v1.get_default_graph(), tf.compat.v1.get_variable_scope()
    context, first = contextvars.copy_context(), First(run)
    made = len(graph.get_operations())
    with hosted_by(first):
        results = function(*args, **kwargs)
    inputs = [value for value in (*args, *kwargs.values()) if _flows(value)]
    outputs = [value for value in tf.nest.flatten(results) if _flows(value)]
    if not inputs or not outputs or _from_outside(graph, made, [*inputs, *first.values]):
        return results, False

    def second_run(copies: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        left = iter(copies)
        given = [next(left) if _flows(value) else _own(value) for value in args]
        named = {name: next(left) if _flows(value) else _own(value) for name, value in kwargs.items()}
        here = tf.compat.v1.get_default_graph()
        with hosted_by(Again(run, first.answers, left)), tf.compat.v1.variable_scope(scope), _unlisted(here):
            return [value for value in tf.nest.flatten(function(*given, **named)) if _flows(value)]

    @tf.custom_gradient
    def forgotten(*kept: tf.Tensor) -> tuple[list[tf.Tensor], Callable]:
        def gradient(*upstream: tf.Tensor | None) -> list[tf.Tensor | None]:
            arrived = [value for value in upstream if value is not None]
            with tf.control_dependencies(arrived):  # not before: it would be kept from the first run on
                copies = [tf.identity(value) for value in kept]
                with tf.GradientTape() as tape:
                    tape.watch(copies)
                    again = context.copy().run(second_run, copies)
                reached = [end for end, value in zip(again, upstream, strict=True) if value is not None]
                return tape.gradient(reached, copies, output_gradients=arrived)

        return [tf.identity(value) for value in ends], gradient

    ends = [tf.stop_gradient(value) for value in outputs]
    passed = iter(forgotten(*inputs, *first.values))
    flat = [next(passed) if _flows(value) else value for value in tf.nest.flatten(results)]
    return tf.nest.pack_sequence_as(results, flat), True


def _flows(value: Any) -> bool:
    """Whether gradients may flow through `value`."""
    return tf.is_tensor(value) and value.dtype.is_floating


def _own(value: Any) -> Any:
    """Returns `value`, of a dict a copy, which the second run may change."""
    return dict(value) if isinstance(value, dict) else value


def _from_outside(graph: tf.Graph, made: int, known: Iterable[tf.Tensor]) -> bool:
    """Whether an op after the first `made` ones uses a tensor of before that is none of `known`.

    Ops on another device are of another replica, which is built meanwhile.
    """
    operations = graph.get_operations()
    device = operations[-1].device if len(operations) > made else ""
    own = {operation.name for operation in operations[made:]}
    given = {tensor.ref() for tensor in known}
    return any(
        _depends(tensor)
        for operation in operations[made:]
        if operation.device == device
        for tensor in operation.inputs
        if _flows(tensor) and tensor.op.name not in own and tensor.ref() not in given
    )


def _depends(tensor: tf.Tensor) -> bool:
    """Whether gradients through `tensor` may reach a variable or what a graph is given."""
    seen, left = set(), [tensor]
    while left:
        operation = left.pop().op
        if operation.type in ("ReadVariableOp", "Placeholder", "PlaceholderWithDefault"):
            return True
        if operation.name not in seen and operation.type != "StopGradient":
            seen.add(operation.name)
            left += [value for value in operation.inputs if _flows(value)]
    return False


@contextlib.contextmanager
def _unlisted(graph: tf.Graph) -> Iterator[None]:
    """Takes out of the graph's collections what the block lists."""
    before = {key: len(graph.get_collection_ref(key)) for key in graph.get_all_collection_keys()}
    try:
        yield
    finally:
        for key in graph.get_all_collection_keys():
            del graph.get_collection_ref(key)[before.get(key, 0) :]
