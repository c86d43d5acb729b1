"""The values with which a layer of a network computes what a layer of a graph does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from slimzoo.converters.graph import Layer, Step
from slimzoo.converters.source import Tensor
from slimzoo.errors import SlimzooError

_FLOAT = np.dtype("<f4")
_VARIANCE = "moving_variance"
_ROLES = ("gamma", "beta", "moving_mean", _VARIANCE)


@dataclass
class Roles:
    """The variables of a layer, by what they are to it; "" for one that it has not.

    Attributes:
      norm: {"gamma", "beta", "moving_mean", "moving_variance": the variable}.
    """

    kernel: str = ""
    biases: str = ""
    norm: dict[str, str] = field(default_factory=dict)
    epsilon: float = 0.001


@dataclass(frozen=True)
class Affine:
    """What a layer of a graph does to its channels: scale * x + offset. Read when it is asked for.

    Attributes:
      after: what our layer does by numbers after its variables, which are to do the rest.
    """

    steps: Sequence[Step]
    channels: int
    after: Sequence[Step] = ()

    @property
    def scales(self) -> bool:
        """Whether there is a scale other than 1."""
        return any(step.kind in ("mul", "div", "norm") for step in (*self.steps, *self.after))

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns scale and offset, float64 [channels]."""
        scale, offset = _scale_and_offset(self.steps, self.channels)
        factor, term = _scale_and_offset(self.after, self.channels)
        return scale / factor, (offset - term) / factor


def _scale_and_offset(steps: Sequence[Step], channels: int) -> tuple[np.ndarray, np.ndarray]:
    scale, offset = np.ones(channels), np.zeros(channels)
    for step in steps:
        factor, term = _factor_and_term(step)
        scale, offset = scale * factor, offset * factor + term
    return scale, offset


def _factor_and_term(step: Step) -> tuple[np.ndarray, np.ndarray]:
    values = [c.tensor.load().astype(np.float64).reshape(-1) for c in step.constants if c.tensor is not None]
    if step.kind == "norm":
        gamma, beta, mean, variance = values
        factor = gamma / np.sqrt(variance + step.epsilon)
        return factor, beta - mean * factor
    if step.kind in ("mul", "div"):
        return values[0] if step.kind == "mul" else 1 / values[0], np.zeros(1)
    return np.ones(1), -values[0] if step.kind == "sub" else values[0]


def variables_of(path: Path, their: Layer, our: Layer) -> dict[str, Tensor]:
    """Returns the variables of our layer with which it computes what their layer, of the file `path`, does.

    Raises: SlimzooError: no values make it.
    """
    roles = roles_of(our)
    _check(path, roles, our)
    affine = Affine(their.steps, their.channels, _of_numbers(our))
    values = _of_norm(roles, affine) if roles.norm else _of_biases(path, roles, affine, our)
    found = {name: _vector(affine.channels, load) for name, load in values.items()}
    if our.kernel is None or their.kernel is None:
        return found
    scaled = affine.scales and not ("gamma" in roles.norm and "beta" in roles.norm)
    before = _scale_and_offset(their.before, 1)[0] / _scale_and_offset(our.before, 1)[0]
    head = our.kernel.shape[-1] != their.kernel.shape[-1] and our.kind != "depthwise"
    shape = (*our.kernel.shape[:-1], their.channels) if head else our.kernel.shape
    kernel = partial(_kernel, their, shape, affine if scaled else None, float(before[0]))
    return {roles.kernel: Tensor(shape, _FLOAT, kernel), **found}


def _check(path: Path, roles: Roles, our: Layer) -> None:
    """Raises SlimzooError if our layer has variables that are of no kernel, bias or batch norm."""
    more = set(roles.norm) - set(_ROLES) or (our.kernel and our.kernel.names[1:])
    if more:
        raise SlimzooError(
            f"{path}: {roles.kernel or our} is computed with {', '.join(sorted(more))} too, of which a "
            "file of folded weights knows nothing; give the checkpoint that it was made from"
        )


def roles_of(layer: Layer) -> Roles:
    """Returns the variables of a layer of ours, by what they are to it."""
    roles = Roles(kernel=layer.kernel.names[0] if layer.kernel else "")
    for step in layer.steps:
        names = [name for constant in step.constants for name in constant.names]
        last = {name.rpartition("/")[2]: name for name in names}
        if _VARIANCE in last:
            roles.norm |= last
            roles.epsilon = step.epsilon or roles.epsilon
        elif names:
            roles.biases = names[0]
    return roles


def _of_numbers(layer: Layer) -> list[Step]:
    """Returns what a layer of ours does by numbers, after its variables."""
    last = max((n for n, step in enumerate(layer.steps) if _has_variables(step)), default=-1)
    return list(layer.steps[last + 1 :])


def _has_variables(step: Step) -> bool:
    return any(constant.names for constant in step.constants)


def _of_norm(roles: Roles, affine: Affine) -> dict[str, Callable[[], np.ndarray]]:
    """Returns the values of a batch norm that scales and shifts as `affine` does.

    With beta and gamma these are offset and scale, else the kernel is scaled; a variance of 1 - epsilon
    divides by 1.
    """
    norm, count = roles.norm, affine.channels
    by_gamma = "gamma" in norm and "beta" in norm
    by_variance = affine.scales and not roles.kernel and not by_gamma
    values: dict[str, Callable[[], np.ndarray]] = {
        "gamma": (lambda: affine.load()[0]) if by_gamma else partial(np.ones, count),
        "beta": lambda: affine.load()[1],
        "moving_mean": partial(np.zeros, count) if "beta" in norm else lambda: -affine.load()[1],
        _VARIANCE: partial(_variance, affine if by_variance else None, roles.epsilon, count),
    }
    found = {name: values[role] for role, name in norm.items()}
    return found | ({roles.biases: partial(np.zeros, count)} if roles.biases else {})


def _variance(affine: Affine | None, epsilon: float, count: int) -> np.ndarray:
    scale = affine.load()[0] if affine else np.ones(count)
    return 1 / np.square(scale) - epsilon


def _of_biases(path: Path, roles: Roles, affine: Affine, our: Layer) -> dict[str, Callable[[], np.ndarray]]:
    if roles.biases:
        return {roles.biases: lambda: affine.load()[1]}
    if np.any(affine.load()[1]):
        raise SlimzooError(
            f"{path}: a layer of it adds to its channels where {roles.kernel or our} of the network does "
            "not: it is of another network"
        )
    return {}


def _vector(count: int, load: Callable[[], np.ndarray]) -> Tensor:
    return Tensor((count,), _FLOAT, lambda: np.broadcast_to(load(), (count,)).astype(_FLOAT))


def _kernel(their: Layer, shape: tuple[int, ...], affine: Affine | None, before: float) -> np.ndarray:
    assert their.kernel is not None and their.kernel.tensor is not None
    kernel = their.kernel.tensor.load().astype(_FLOAT, copy=False).reshape(shape)
    if affine is None and before == 1:
        return kernel
    scale = (affine.load()[0] if affine else np.ones(their.channels)) * before
    return (kernel * scale.reshape(shape[2:] if their.kind == "depthwise" else -1)).astype(_FLOAT)
