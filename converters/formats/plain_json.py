"""JSON in files of unknown origin, as plain data."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

_MAX_PARTS = 2_000_000  # brackets, colons and commas; a tensor of safetensors has about 14


def parsed(text: str | bytes, pairs: Callable[[list], Any] | None = None) -> Any:
    """Returns the value of the JSON `text`.

    Args:
      pairs: makes an object of its names and values; None: a dict.
    Raises: ValueError: it is no JSON, is nested too deep, or has more parts than weights are described with.
    """
    text = text.decode() if isinstance(text, bytes) else text
    if sum(map(text.count, "[{:,")) > _MAX_PARTS:
        raise ValueError(f"it has more than {_MAX_PARTS:,} parts")
    try:
        return json.loads(text, object_pairs_hook=pairs)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
