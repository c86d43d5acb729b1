"""The module random: after the same seed, the same draws as Python 2's."""

import random
from collections.abc import Iterable
from typing import Any


class Random(random.Random):
    """A generator that makes its choices of random(), as Python 2's does."""

    def seed(self, a: Any = None, version: int = 1) -> None:
        """Sets the state by a number, or by the hash that Python 2 had of a text."""
        super().seed(a, version=version)

    def _below(self, n: int) -> int:
        return int(self.random() * n)

    def choice(self, seq: Any) -> Any:
        """Returns one of `seq`."""
        return seq[self._below(len(seq))]

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        """Returns one of range(start, stop, step). Raises ValueError: it is empty."""
        numbers = range(start) if stop is None else range(start, stop, step)
        if not numbers:
            raise ValueError(f"empty range for randrange() ({start}, {stop}, {step})")
        return numbers[self._below(len(numbers))]

    def randint(self, a: int, b: int) -> int:
        """Returns a number from a to b, both included."""
        return self.randrange(a, b + 1)

    def shuffle(self, x: Any, random: Any = None) -> None:
        """Shuffles a list in place."""
        draw = random or self.random
        for last in range(len(x) - 1, 0, -1):
            other = int(draw() * (last + 1))
            x[last], x[other] = x[other], x[last]

    def sample(self, population: Any, k: int, *, counts: Any = None) -> list:
        """Returns k different items."""
        items = population if hasattr(population, "__getitem__") else tuple(population)
        if not 0 <= k <= len(items):
            raise ValueError("sample larger than population")
        if isinstance(items, dict) or len(items) <= _size_of_a_set(k):
            return self._from_a_pool(list(items), k)
        return [items[i] for i in self._different(len(items), k)]

    def _from_a_pool(self, pool: list, k: int) -> list:
        """Takes items out of the pool, the last one filling the gap."""
        taken = []
        for left in range(len(pool), len(pool) - k, -1):
            i = self._below(left)
            taken.append(pool[i])
            pool[i] = pool[left - 1]
        return taken

    def _different(self, n: int, k: int) -> Iterable[int]:
        found: dict[int, None] = {}
        while len(found) < k:
            found[self._below(n)] = None
        return found

    def jumpahead(self, n: int) -> None:
        """Is another place in the sequence; which one, no program knew."""
        self.seed(n)


def _size_of_a_set(k: int) -> int:
    """Returns up to how many items a list of them took less room than a set of k numbers."""
    from math import ceil, log

    return 21 + (4 ** ceil(log(k * 3, 4)) if k > 5 else 0)


class _Shared(Random):
    """The generator behind the functions of the module, for everybody."""

    def seed(self, a: Any = None, version: int = 1) -> None:
        """Seeds it."""
        random.seed(a, version=version)

    def random(self) -> float:
        """Returns its next number."""
        return random.random()


_shared = _Shared()
choice, randint, randrange, sample = _shared.choice, _shared.randint, _shared.randrange, _shared.sample
seed, shuffle, jumpahead = _shared.seed, _shared.shuffle, _shared.jumpahead
