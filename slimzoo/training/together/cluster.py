"""The processes that train together, as one of them sees them: who it is, and what all of them know.

All run the same program on their own part of the images. What one alone decides or reads, the first tells
the others (broadcast); what each has a part of, all put together (gather). Both meet: every process
must call them in the same order.
"""

import io
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from platform import python_version
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from slimzoo import __version__
from slimzoo.data.dataset import Dataset
from slimzoo.errors import SlimzooError, listing, shown, some, tensorflow_says
from slimzoo.files import atomic_write
from slimzoo.training.together.channel import ENDED, Gone, open_channels
from slimzoo.training.together.machines import Machines

if TYPE_CHECKING:
    import tensorflow as tf

log = logging.getLogger("slimzoo")
TIMEOUT = 300.0  # seconds in which all machines must be there
PATIENCE = 1800.0  # seconds that one part of an evaluation, or a checkpoint, may take longer than another
_NEWS = 30.0  # seconds in which it shows who has ended: TensorFlow hears of a lost heartbeat after ten
_LOST = ("UnavailableError", "AbortedError", "CancelledError", "DeadlineExceededError", "InternalError")
_GOES_ON = "The same command on every machine goes on from the last checkpoint"


class Alone:
    """One process: it is all of them."""

    index, count, is_chief = 0, 1, True

    def gather(self, part: bytes) -> list[bytes]:
        """Returns the `part` of every process, in their order."""
        return [part]

    def broadcast(self, message: bytes = b"") -> bytes:
        """Returns the `message` of the first process."""
        return message

    @contextmanager
    def naming_the_lost(self) -> Iterator[None]:
        """Where TensorFlow fails inside of the block since a process has ended, says which."""
        yield

    def decide(self, answer: bool) -> bool:
        """Returns the answer of the first process."""
        return self.broadcast(b"1" if answer else b"") == b"1"

    def agree(self, signal: int | None) -> int | None:
        """Returns the signal that any process was given, None where none was."""
        heard = [int(part) for part in self.gather(str(signal or 0).encode())]
        return max(heard) or None

    def gather_arrays(self, arrays: dict[str, np.ndarray] | None) -> list[dict[str, np.ndarray]] | None:
        """Returns the arrays of every process; None where any of them has none."""
        return None if arrays is None else [arrays]

    def broadcast_arrays(self, arrays: dict[str, np.ndarray] | None) -> dict[str, np.ndarray] | None:
        """Returns the arrays of the first process, None where it has none."""
        return arrays

    def part_of(self, dataset: Dataset, batch_size: int) -> Dataset:
        """Returns the part that this process measures: whole batches, the parts of all in order `dataset`."""
        rows = -(-len(dataset) // (batch_size * self.count)) * batch_size
        begin = min(rows * self.index, len(dataset))
        return dataset.subset(range(begin, min(begin + rows, len(dataset)))) if self.count > 1 else dataset

    def hand_on(self, path: Path | None, folder: Path) -> Path | None:
        """Returns a copy in `folder` of the file that the first process has at `path`, None of none."""
        name = self.broadcast(b"" if path is None else path.name.encode()).decode()
        if not name:
            return None
        self.share(folder / name)
        return folder / name

    def share(self, path: Path) -> None:
        """Gives every process the file that the first has at `path`, at its own `path`."""
        content = self.broadcast(path.read_bytes() if self.is_chief and self.count > 1 else b"")
        if not self.is_chief:
            with atomic_write(path, overwrite=True) as temporary:
                Path(temporary).write_bytes(content)

    def compare(
        self,
        what: str,
        facts: Mapping[str, Any],
        in_full: Mapping[str, Callable[[], Sequence[str]]] | None = None,
    ) -> None:
        """Raises SlimzooError with everything that differs from process to process in `facts`.

        Args:
          in_full: what a fact is a digest of: items that are looked at where it differs.
        """
        everybody = self._of_all(facts)
        if problems := _differences(everybody):
            for name, items in (in_full or {}).items():
                if len({json.dumps(one.get(name)) for one in everybody}) > 1:  # so all of them come here
                    problems += _apart(name, self._of_all([*items()]))
            raise SlimzooError(listing(f"the machines differ in {what}, so that none trains:", problems))

    def _of_all(self, value: Any) -> list[Any]:
        """Returns `value` of every process, plain."""
        own = json.dumps(value, default=str, sort_keys=True).encode()
        return [json.loads(part) for part in self.gather(own)]

    def strategy(self, device: str) -> "tf.distribute.Strategy | None":
        """Returns the strategy over all processes, None where there is one."""
        del device
        return None

    def keeps(self, folder: Path) -> str:
        """Returns what messages call the folder of the run, in which this process works at `folder`."""
        return str(folder)

    def close(self, reason: str = "") -> None:
        """Says that this process ends, and why."""


class Cluster(Alone):
    """This process among several; opening it waits for the others.

    Raises: SlimzooError: they are not there in time.
    """

    def __init__(self, machines: Machines, timeout: float = TIMEOUT):
        log.warning("waiting for %d machines; this is %s", len(machines), machines.name(machines.index))
        self.machines, self.index, self.count = machines, machines.index, len(machines)
        self.is_chief = self.index == 0
        self._channels = open_channels(machines, timeout)

    def gather(self, part: bytes) -> list[bytes]:
        """Returns the `part` of every process, in their order. Raises: SlimzooError: one has ended."""
        parts = [part]
        with self._heeding():
            if not self.is_chief:
                self._channels[0].send(part)
                parts = _split(self._channels[0].receive(PATIENCE))
            else:
                parts += [channel.receive(PATIENCE) for channel in self._channels]
                self._tell(_joined(parts))
        return parts

    def broadcast(self, message: bytes = b"") -> bytes:
        """Returns the `message` of the first process. Raises: SlimzooError: one has ended."""
        with self._heeding():
            if self.is_chief:
                self._tell(message)
            else:
                message = self._channels[0].receive(PATIENCE)
        return message

    def gather_arrays(self, arrays: dict[str, np.ndarray] | None) -> list[dict[str, np.ndarray]] | None:
        """Returns the arrays of every process; None where any of them has none."""
        parts = self.gather(b"" if arrays is None else _packed(arrays))
        return [_unpacked(part) for part in parts] if all(parts) else None

    def broadcast_arrays(self, arrays: dict[str, np.ndarray] | None) -> dict[str, np.ndarray] | None:
        """Returns the arrays of the first process, None where it has none."""
        message = self.broadcast(b"" if arrays is None else _packed(arrays))
        return _unpacked(message) if message else None

    def keeps(self, folder: Path) -> str:
        """Returns what messages call the folder of the run, in which this process works at `folder`."""
        return str(folder) if self.is_chief else f"the folder of {self.machines.name(0)}"

    def _tell(self, message: bytes) -> None:
        for channel in self._channels:
            channel.send(message)

    @contextmanager
    def _heeding(self) -> Iterator[None]:
        try:
            yield
        except Gone as gone:
            raise SlimzooError(_and_how_it_goes_on(str(gone))) from gone
        except TimeoutError as error:
            raise SlimzooError(f"a machine has said nothing for {PATIENCE:g} seconds. {_GOES_ON}") from error

    @contextmanager
    def naming_the_lost(self) -> Iterator[None]:
        """Where TensorFlow fails inside of the block since a process has ended, says which."""
        try:
            yield
        except Exception as error:
            if type(error).__name__ not in _LOST:
                raise
            news = self._news() or f"a machine cannot be reached: {tensorflow_says(error)}"
            raise SlimzooError(_and_how_it_goes_on(news)) from error

    def _news(self) -> str:
        """Returns which of the others have ended, as far as it shows in _NEWS seconds."""
        for seconds in (0.1, _NEWS / len(self._channels)):
            found = []
            for channel in self._channels:
                with suppress(TimeoutError):
                    try:
                        channel.receive(seconds)
                    except Gone as gone:
                        found.append(str(gone))
            if found:
                return "\n".join(found)
        return ""

    def strategy(self, device: str) -> "tf.distribute.Strategy | None":
        """Returns the strategy over all processes; TensorFlow must have run nothing before.

        Raises: SlimzooError: it has, `device` is not "auto", "cpu" or "gpu", or they differ in GPUs.
        """
        from slimzoo.training.together.many_machines import gpus_for, strategy_over

        gpus = gpus_for(device)
        self.compare("what they have", {"GPUs": gpus})
        return strategy_over(self.machines, gpus)

    def close(self, reason: str = "") -> None:
        """Says that this process ends, and why."""
        for channel in self._channels:
            with suppress(Gone):
                channel.send(reason.encode(), ENDED)
            channel.close()


@contextmanager
def place_for(machines: Machines | None, out: str | os.PathLike) -> Iterator[Path]:
    """Yields the folder in which this process works: `out`, or one that is gone after the block."""
    if machines is None or machines.index == 0:
        yield Path(out)
        return
    with TemporaryDirectory(prefix="slimzoo-") as folder:
        yield Path(folder)


@contextmanager
def joined(
    machines: Machines | None,
    timeout: float,
    facts: Callable[[], Mapping[str, Any]],
    in_full: Mapping[str, Callable[[], Sequence[str]]] | None = None,
) -> Iterator[Alone]:
    """Yields the processes that train together; what ends the block in one of them ends it in all.

    Args:
      timeout: seconds to wait for all of them.
      facts: what must be the same in all, beside what is installed.
      in_full: what a fact is a digest of, as compare() takes it.
    Raises: SlimzooError: they are not there in time, or differ.
    """
    if machines is None:
        yield Alone()
        return
    together = Cluster(machines, timeout)
    with _telling(together):
        together.compare("what they were told", {**versions(), **facts()}, in_full)
        with together.naming_the_lost():
            yield together
        together.gather(b"")  # nobody leaves before the first has written everything


@contextmanager
def _telling(together: Cluster) -> Iterator[None]:
    """Tells the others why this process ends, whatever ends it."""
    reason = ""
    try:
        yield
    except BaseException as error:
        reason = str(error) or type(error).__name__
        raise
    finally:
        together.close(reason)


def _and_how_it_goes_on(news: str) -> str:
    """Returns `news`, of which another process may have told already how it goes on."""
    return news if _GOES_ON in news else f"{news}\n{_GOES_ON}"


def versions() -> dict[str, str]:
    """Returns what must be the same on all machines, of what is installed."""
    installed = {name: metadata.version(name) for name in ("tensorflow", "keras", "numpy")}
    return {"slimzoo": __version__, "Python": python_version(), **installed}


def _differences(everybody: Sequence[Mapping[str, Any]]) -> list[str]:
    problems = []
    for name in dict.fromkeys(name for facts in everybody for name in facts):
        values = [json.dumps(facts.get(name), sort_keys=True) for facts in everybody]
        if len(set(values)) > 1:
            groups = {value: [i for i, other in enumerate(values) if other == value] for value in values}
            told = (f"{shown(value)} on {_workers(numbers)}" for value, numbers in groups.items())
            problems.append(f"{name}: {'; '.join(told)}")
    return problems


def _apart(name: str, everybody: Sequence[Sequence[str]]) -> list[str]:
    """Returns which items each of the others has that the first has not, and the other way round."""
    problems = []
    first = everybody[0]
    for index, items in enumerate(everybody):
        more, less = sorted({*items} - {*first}), sorted({*first} - {*items})
        problems += [f"{name}: worker {index} alone has {some(more)}"] if more else []
        problems += [f"{name}: worker {index} has no {some(less)}"] if less else []
        if items != first and not more and not less:
            problems.append(f"{name}: worker {index} has it in another order, or some of it more often")
    return problems


def _workers(numbers: Sequence[int]) -> str:
    return f"worker{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"


def _joined(parts: Sequence[bytes]) -> bytes:
    lengths = np.array([len(parts), *map(len, parts)], np.int64)
    return b"".join([lengths.tobytes(), *parts])


def _split(message: bytes) -> list[bytes]:
    count = int(np.frombuffer(message, np.int64, 1)[0])
    ends = 8 * (count + 1) + np.cumsum(np.frombuffer(message, np.int64, count + 1)[1:])
    return [message[begin:end] for begin, end in zip([8 * (count + 1), *ends[:-1]], ends, strict=True)]


def _packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _unpacked(part: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(part), allow_pickle=False) as stored:
        return dict(stored)
