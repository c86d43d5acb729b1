"""What a decoder of records offers."""

import abc


class DataDecoder(abc.ABC):
    """Turns one record into the tensors of named items."""

    @abc.abstractmethod
    def decode(self, data, items):
        """Returns the list of tensors that `data` holds for `items`, in their order.

        Raises: ValueError: there is no such item.
        """

    @abc.abstractmethod
    def list_items(self):
        """Returns the names of the items that `decode` can give."""
