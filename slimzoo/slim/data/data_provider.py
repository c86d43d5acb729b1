"""What a provider of data offers: tensors by the name of an item."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from slimzoo.slim.data.items import check_items


class DataProvider:
    """Hands out the tensors of a data source by name.

    Args:
      items_to_tensors: dict of item -> tensor.
      num_samples: how many samples the source holds.
    """

    def __init__(self, items_to_tensors: Mapping[str, Any], num_samples: int | None):
        self._items_to_tensors = items_to_tensors
        self._num_samples = num_samples

    def get(self, items: Sequence[str]) -> list[Any]:
        """Returns the list of tensors of `items`, in their order.

        Raises: ValueError: `items` is no list or tuple, or some of them do not exist: all are named.
        """
        if not isinstance(items, list | tuple):
            raise ValueError(f"items must be a list or tuple, not {items!r}; write get([{items!r}])")
        check_items(items, self.list_items())
        return [self._items_to_tensors[item] for item in items]

    def list_items(self) -> Collection[str]:
        """Returns the names that `get` takes."""
        return self._items_to_tensors.keys()

    def num_samples(self) -> int | None:
        """Returns how many samples the source holds."""
        return self._num_samples
