"""What a decoder of records offers."""

import abc
from collections.abc import Sequence
from typing import Any

from slimzoo.slim.types import TensorLike


class DataDecoder(abc.ABC):
    """Turns one record into the tensors of named items."""

    @abc.abstractmethod
    def decode(self, data: TensorLike, items: Sequence[str]) -> list[Any]:
        """Returns the list of tensors that `data` holds for `items`, in their order.

        Raises: ValueError: there is no such item.
        """

    @abc.abstractmethod
    def list_items(self) -> list[str]:
        """Returns the names of the items that `decode` can give."""
