"""How a model is loaded, what is wanted of it, and where: all that another process needs to know."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How the model is loaded, here or in another process, and what is wanted of it.

    top: classes an image at most; None: all from `threshold` up.
    features: an end point whose values are wanted too; "" for none.
    imports: what registers networks, and `importing`, which imports it.
    """

    model: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    top: int | None = 5
    threshold: float = 0.0
    features: str = ""
    flip: bool = False
    turn: bool = True
    batch_size: int = 32
    imports: tuple[str, ...] = ()
    importing: Callable[[str], None] | None = None


@dataclass(frozen=True)
class Cluster:
    """Where, and with how much.

    address: "ray://host:10001", "host:6379", "auto" for the one that runs here; "" starts Ray here.
    actors: how many at least and at most; Ray scales between them.
    cpus: of an actor; None: a whole one, or less where the reader would have none.
    gpus: of an actor.
    """

    address: str = ""
    actors: tuple[int, int] = (1, 1)
    cpus: float | None = None
    gpus: float = 0.0
