"""One of two processes without the other: what both of them find is in a list."""

from slimzoo.training.together.cluster import Alone


class PartOfTwo(Alone):
    """One of two processes; `parts` are what both found, in order."""

    count = 2

    def __init__(self, index, parts):
        self.index, self.parts = index, parts

    def gather_arrays(self, arrays):
        self.parts.append(arrays)
        return self.parts if len(self.parts) == self.count and all(self.parts) else None
