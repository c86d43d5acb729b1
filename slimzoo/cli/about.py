"""What decides how data is read for a model, known of its weights before TensorFlow starts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class About:
    """What of a model decides how data is read for it."""

    task: str
    labels: tuple[str, ...] | None
    multi_label: bool

    @classmethod
    def of(cls, known: Any, task: str | None = None) -> "About":
        """Returns that of a Model, or of a Source of weights for a network of the `task`."""
        labels = known.labels
        return cls(task or known.task, None if labels is None else tuple(labels), known.multi_label)


def about_weights(model: str, weights: str | None) -> About | None:
    """Returns what the weights say of themselves; None where it shows only as they are loaded.

    Raises: SlimzooError, FileNotFoundError: there is no such model.
    """
    from slimzoo.loading.source import find

    if Path(model).suffix == ".keras":  # of anybody's
        return None
    network, source = find(model, weights is None, weights)
    return None if source is None else About.of(source, network.task)
