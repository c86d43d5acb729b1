"""From a frozen network to an engine that runs it."""

import importlib
from typing import TYPE_CHECKING, Protocol

from slimzoo.engines.rows import Settings

if TYPE_CHECKING:
    import numpy as np

    from slimzoo.engines.frozen import Frozen


class Runner(Protocol):
    """A network in an engine; any thread may run it."""

    def run(self, images: "np.ndarray") -> "list[np.ndarray]":
        """Returns the outputs of the frozen network, float32, for `images` float32 [N, H, W, C], N from 1."""
        ...

    def close(self) -> None:
        """Gives back what it holds; it is not run again."""
        ...


def open_engine(frozen: "Frozen", settings: Settings) -> Runner:
    """Returns `frozen` in the engine of `settings`, which settle() gave; the values in it are used up.

    Raises: SlimzooError: the engine does not know an op of this network.
    """
    module = importlib.import_module(f"slimzoo.engines.{settings.engine}")
    return module.open_frozen(frozen, settings)
