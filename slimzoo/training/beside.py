"""Files written beside training: in a thread of their own, in the order in which they were given."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self

Work = Callable[[], object]


class Beside:
    """Does one work after the other while its caller goes on.

    After a work that failed none is begun: of two files, the second is never there without the first. What it
    failed with is raised by the next call. At the end of the block all is done.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "slimzoo-writing")
        self._given: list[Future[None]] = []  # not yet done, or failed
        self._newest: dict[str, Future[None]] = {}

    def do(self, work: Work) -> None:
        """Gives a work that comes after all that were given before."""
        self._raise()
        self._given = [one for one in self._given if not one.done() or _failed(one)]
        self._given.append(self._pool.submit(_after, (*self._given,), work))

    def renew(self, what: str, work: Work) -> None:
        """The same, in the place of the last work of that name if it was not yet begun."""
        if before := self._newest.get(what):
            before.cancel()
        self.do(work)
        self._newest[what] = self._given[-1]

    def wait(self) -> None:
        """Returns when all that was given is done."""
        wait(self._given)
        self._raise()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True)
        if kind is None:
            self._raise()

    def _raise(self) -> None:
        for one in self._given:
            if error := _failed(one):
                raise error


def _after(before: Iterable[Future[None]], work: Work) -> None:
    """Does `work`, or fails with what one before it failed with; they have ended: there is one thread."""
    for one in before:
        if error := _failed(one):
            raise error
    work()


def _failed(one: Future[None]) -> BaseException | None:
    return one.exception() if one.done() and not one.cancelled() else None
