"""Optimizers outside of TensorFlow: SciPy's, which see variables as one vector."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
log = logging.getLogger("slimzoo")
Function = Callable[[np.ndarray], Any]


class ExternalOptimizerInterface:
    """Minimises a loss in a session by an optimizer of numpy arrays; a subclass defines `_minimize`.

    Args:
      var_list: the variables; None: all that are trained.
      equalities, inequalities: scalar tensors that have to be 0, or 0 and more.
      var_to_bounds: {variable: (smallest, largest)}, each a number or an array.
      optimizer_kwargs: for `_minimize`.
    """

    def __init__(
        self,
        loss: tf.Tensor,
        var_list: Iterable[Any] | None = None,
        equalities: Iterable[tf.Tensor] | None = None,
        inequalities: Iterable[tf.Tensor] | None = None,
        var_to_bounds: Mapping[Any, Any] | None = None,
        **optimizer_kwargs: Any,
    ):
        self._loss, self.optimizer_kwargs = loss, optimizer_kwargs
        self._vars = v1.trainable_variables() if var_list is None else list(var_list)
        self._packed_bounds = None if var_to_bounds is None else self._bounds(var_to_bounds)
        self._equalities, self._inequalities = list(equalities or ()), list(inequalities or ())
        self._packed_var = _pack(self._vars)
        self._new_values = [
            v1.placeholder(variable.dtype.base_dtype, variable.shape) for variable in self._vars
        ]
        self._updates = [v1.assign(var, new) for var, new in zip(self._vars, self._new_values, strict=True)]
        self._packed_grads = {id(t): self._gradient(t) for t in self._scalars()}

    def _scalars(self) -> list[tf.Tensor]:
        return [self._loss, *self._equalities, *self._inequalities]

    def _bounds(self, given: Mapping[Any, Any]) -> list[tuple[float, float]]:
        by_name = {var.op.name: bounds for var, bounds in given.items()}
        packed: list[tuple[float, float]] = []
        for var in self._vars:
            ends = by_name.get(var.op.name, (-np.inf, np.inf))
            low, high = (np.broadcast_to(end, var.shape.as_list()).ravel() for end in ends)
            packed += zip(low, high, strict=True)
        return packed

    def _gradient(self, scalar: tf.Tensor) -> tf.Tensor:
        zero = tf.UnconnectedGradients.ZERO
        return _pack(v1.gradients(scalar, self._vars, unconnected_gradients=zero))

    def minimize(
        self,
        session: Any = None,
        feed_dict: Mapping[Any, Any] | None = None,
        fetches: Sequence[Any] | None = None,
        step_callback: Callable[[np.ndarray], Any] | None = None,
        loss_callback: Callable[..., Any] | None = None,
        **run_kwargs: Any,
    ) -> None:
        """Minimises the loss and gives the variables their best values.

        Args:
          fetches: what `loss_callback` is called with, each time the loss is computed.
          step_callback: called with the variables as one vector after each step.
          run_kwargs: of the session.run that assigns the values.
        """
        session = session or v1.get_default_session()

        def evaluated(tensors: list[tf.Tensor], callback: Any = None) -> Function:
            def run(vector: np.ndarray) -> list[Any]:
                self._assign(session, vector)
                found = session.run([*tensors, *(fetches or ())], feed_dict)
                if callback is not None:
                    callback(*found[len(tensors) :])
                return found[: len(tensors)]

            return run

        def functions(scalars: list[tf.Tensor]) -> dict[str, list[Function]]:
            return {
                "values": [evaluated([scalar]) for scalar in scalars],
                "slopes": [evaluated([self._packed_grads[id(scalar)]]) for scalar in scalars],
            }

        equal, unequal = functions(self._equalities), functions(self._inequalities)
        best = self._minimize(
            initial_val=session.run(self._packed_var),
            loss_grad_func=evaluated([self._loss, self._packed_grads[id(self._loss)]], loss_callback),
            equality_funcs=equal["values"],
            equality_grad_funcs=equal["slopes"],
            inequality_funcs=unequal["values"],
            inequality_grad_funcs=unequal["slopes"],
            packed_bounds=self._packed_bounds,
            step_callback=step_callback or (lambda vector: None),
            optimizer_kwargs=self.optimizer_kwargs,
        )
        self._assign(session, best, **run_kwargs)

    def _assign(self, session: Any, vector: np.ndarray, **run_kwargs: Any) -> None:
        shapes = [variable.shape.as_list() for variable in self._vars]
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
        parts = np.split(np.asarray(vector), ends[:-1])
        values = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
        session.run(self._updates, dict(zip(self._new_values, values, strict=True)), **run_kwargs)

    def _minimize(self, initial_val: np.ndarray, loss_grad_func: Function, **rest: Any) -> np.ndarray:
        raise NotImplementedError(
            "To use ExternalOptimizerInterface, subclass from it and implement the _minimize() method."
        )


class ScipyOptimizerInterface(ExternalOptimizerInterface):
    """Minimises by scipy.optimize.minimize; `method` is "L-BFGS-B" unless it is given."""

    _DEFAULT_METHOD = "L-BFGS-B"

    def _minimize(self, initial_val: np.ndarray, loss_grad_func: Function, **rest: Any) -> np.ndarray:
        settings = {"method": self._DEFAULT_METHOD, **rest["optimizer_kwargs"]}
        ours = {
            "jac": True,
            "callback": rest["step_callback"],
            "constraints": [*_constraints("eq", rest, "equality"), *_constraints("ineq", rest, "inequality")],
            "bounds": rest["packed_bounds"],
        }
        if clash := sorted(ours.keys() & settings.keys()):
            raise ValueError(
                f"{', '.join(clash)}: set automatically and cannot be given; say bounds by var_to_bounds, "
                "constraints by equalities and inequalities"
            )

        def loss_and_slope(vector: np.ndarray) -> tuple[float, np.ndarray]:
            loss, slope = loss_grad_func(vector)
            return float(loss), slope.astype(np.float64)

        found = _scipy_optimize().minimize(loss_and_slope, initial_val, **ours, **settings)
        log.info("Optimization terminated with: %s; the loss is %f", found.message, found.fun)
        return found.x


def _constraints(kind: str, functions: Mapping[str, Any], name: str) -> Iterable[dict[str, Any]]:
    pairs = zip(functions[f"{name}_funcs"], functions[f"{name}_grad_funcs"], strict=True)
    for value, slope in pairs:
        yield {"type": kind, "fun": _first(value), "jac": _first(slope)}


def _first(function: Function) -> Function:
    return lambda vector: np.asarray(function(vector)[0], np.float64)


def _scipy_optimize() -> Any:
    try:
        import scipy.optimize
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "ScipyOptimizerInterface needs the package scipy; pip install scipy"
        ) from None
    return scipy.optimize


def _pack(tensors: Sequence[Any]) -> tf.Tensor:
    return tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors], 0)
