"""tf_slim.metrics.metric_ops: the metrics of slimzoo.slim.metrics under the module that first had them."""

from typing import Any

from slimzoo.slim import metrics
from slimzoo.slim.metrics.concat import next_array_size as _next_array_size  # noqa: F401  # tf_slim's tests


def __getattr__(name: str) -> Any:
    return getattr(metrics, name)


def __dir__() -> list[str]:
    return dir(metrics)
