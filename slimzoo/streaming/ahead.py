"""Threads that work ahead of who asks for results, by a bounded number of them: memory stays flat."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")
_PATIENCE = 10.0  # seconds for a thread that may wait for a store
_LOOK = 0.1  # seconds between looks at whether anybody still wants results


def mapped(function: Callable[[T], R], items: Iterable[T], threads: int, most: int) -> Iterator[R]:
    """Yields function(item) of each of `items`, in order, computed by `threads`, at most `most` ahead."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix=f"slimzoo-{function.__name__}")
    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        _close(items)


def background(items: Iterable[T], most: int) -> Iterator[T]:
    """Yields `items`, which a thread goes through, at most `most` ahead; what it raises is raised here."""
    found: queue.Queue[tuple[bool, Any]] = queue.Queue(most)
    stopped = threading.Event()
    thread = threading.Thread(target=_go_through, args=(items, found, stopped), daemon=True)
    thread.start()
    try:
        while True:
            is_item, value = found.get()
            if is_item:
                yield value
            elif value is None:
                return
            else:
                raise value
    finally:
        stopped.set()
        thread.join(_PATIENCE)


def _go_through(items: Iterable[Any], found: queue.Queue, stopped: threading.Event) -> None:
    end: BaseException | None = None
    try:
        for item in items:
            if not _put(found, (True, item), stopped):
                break
    except BaseException as error:  # noqa: BLE001  # it is raised where the results are wanted
        end = error
    finally:
        _close(items)
    _put(found, (False, end), stopped)


def _put(found: queue.Queue, value: tuple[bool, Any], stopped: threading.Event) -> bool:
    """Puts `value` as soon as there is room; returns whether anybody still wants it."""
    while not stopped.is_set():
        try:
            found.put(value, timeout=_LOOK)
            return True
        except queue.Full:
            continue
    return False


def _close(items: Any) -> None:
    """Ends a generator, and with it the threads that it holds."""
    if hasattr(items, "close"):
        items.close()
