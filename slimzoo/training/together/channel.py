"""Messages between two processes that train together: whole ones, or the news that the other has ended."""

import json
import logging
import os
import socket
import struct
import time
from contextlib import suppress

from slimzoo.errors import SlimzooError, listing, shown, some
from slimzoo.training.together.machines import Machines

log = logging.getLogger("slimzoo")
DATA, ENDED = b"d", b"e"
_HEAD = struct.Struct("!4scQ")  # mark, kind, bytes that follow
_MARK = b"slzo"
_GREETING = 5.0  # seconds that a caller may take to say who it is
_BUSY = 5.0  # seconds in which a process that is ending may give up a port
_ASKED_OF = 5  # hosts that are missing: a name server may take seconds for each
_LONGEST_GREETING = 1 << 20
_KEPT_ALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4}  # a lost machine: half a minute


class Gone(Exception):
    """The other process has ended; `reason` is its own, "" where it said none."""

    def __init__(self, name: str, reason: str = ""):
        super().__init__(f"{name} {f'ended: {reason}' if reason else 'is gone'}")
        self.name, self.reason = name, reason


class Channel:
    """A connection to another process, which messages call `name`."""

    def __init__(self, connection: socket.socket, name: str):
        self._socket, self.name = connection, name
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEPT_ALIVE.items():
            if hasattr(socket, option):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

    def send(self, message: bytes, kind: bytes = DATA) -> None:
        """Sends one message. Raises: Gone."""
        try:
            self._socket.settimeout(None)
            self._socket.sendall(_HEAD.pack(_MARK, kind, len(message)))
            self._socket.sendall(message)
        except OSError as error:
            raise self._gone() from error

    def receive(self, seconds: float, most: int = 1 << 40) -> bytes:
        """Returns the next message. Raises: Gone; TimeoutError: there is none after so many seconds."""
        ends = time.monotonic() + seconds
        mark, kind, length = _HEAD.unpack(self._take(_HEAD.size, ends))
        if mark != _MARK or length > most:
            raise Gone(self.name, "what it says is nothing of slimzoo's")
        message = self._take(length, ends)
        if kind == ENDED:
            raise Gone(self.name, message.decode("utf-8", "replace"))
        return message

    def _take(self, count: int, ends: float) -> bytes:
        found = bytearray(count)
        view, at = memoryview(found), 0
        try:
            while at < count:
                self._socket.settimeout(max(ends - time.monotonic(), 0.001))
                got = self._socket.recv_into(view[at:])
                if not got:
                    raise Gone(self.name)
                at += got
        except TimeoutError:
            raise
        except OSError as error:
            raise Gone(self.name) from error
        return bytes(found)

    def _gone(self) -> Gone:
        """Returns the error of one that cannot be reached, with what it said last."""
        try:
            while True:
                self.receive(0.1)
        except Gone as gone:
            return gone
        except TimeoutError:
            return Gone(self.name)

    def close(self) -> None:
        """Ends the connection."""
        with suppress(OSError):
            self._socket.close()


def open_channels(machines: Machines, seconds: float) -> list[Channel]:
    """Returns the connections of this process: the first worker's to all others, theirs to the first.

    They are made at the port of the first, which is free again afterwards.
    Raises: SlimzooError: not all are there after so many seconds; who is missing is named.
    """
    ends = time.monotonic() + seconds
    with _listening(machines) as server:
        if machines.index == 0:
            return _called(machines, server, ends)
    return [_calling(machines, ends, seconds)]


def _listening(machines: Machines) -> socket.socket:
    """Returns a socket at the port of this process: TensorFlow will want it.

    Raises: SlimzooError: another program has it.
    """
    _, port = machines.place(machines.index)
    ends = time.monotonic() + _BUSY
    while True:
        try:
            return socket.create_server(("", port), backlog=len(machines))
        except OSError as error:
            if time.monotonic() > ends:
                raise SlimzooError(
                    f"port {port} of this machine, {machines.name(machines.index)}, cannot be used: "
                    f"{os.strerror(error.errno or 0)}. Name another in TF_CONFIG, or end what uses it"
                ) from error
        time.sleep(0.2)


def _called(machines: Machines, server: socket.socket, ends: float) -> list[Channel]:
    """Returns the channels to all others, when they have called."""
    found: dict[int, Channel] = {}
    problems: list[str] = []
    while len(found) < len(machines) - 1 and not problems:
        server.settimeout(max(ends - time.monotonic(), 0.001))
        try:
            connection, address = server.accept()
        except TimeoutError:
            raise _ending([*found.values()], _missing(machines, found)) from None
        channel = Channel(connection, f"a caller from {address[0]}")
        try:
            index, problems = _greeted(machines, channel)
        except (Gone, TimeoutError, ValueError) as error:
            log.warning("something that is no worker of this run called from %s: %s", address[0], error)
            channel.close()
            continue
        if index in found:
            problems = [*problems, f"two processes say that they are {machines.name(index)}"]
        channel.name = machines.name(index)
        found[index if index not in found else -1] = channel
    channels = [channel for _, channel in sorted(found.items())]
    if problems:
        raise _ending(channels, listing("the machines do not agree on who they are:", problems))
    for channel in channels:
        channel.send(b"welcome")
    return channels


def _greeted(machines: Machines, channel: Channel) -> tuple[int, list[str]]:
    """Returns which worker called, and what it sees otherwise. Raises: ValueError: it is none."""
    greeting = json.loads(channel.receive(_GREETING, _LONGEST_GREETING))
    if not isinstance(greeting, dict) or not isinstance(index := greeting.get("index"), int):
        raise ValueError("it does not say which worker it is")
    theirs = greeting.get("addresses")
    if theirs != [*machines.addresses]:
        ours = ", ".join(machines.addresses)
        return index, [f"for worker {index} the machines are {shown(theirs)}, for worker 0 {ours}"]
    if not 0 < index < len(machines):
        return 0, [f"another process says that it is {machines.name(0)}, too"]
    return index, []


def _missing(machines: Machines, found: dict[int, Channel]) -> str:
    missing = [i for i in range(1, len(machines)) if i not in found]
    hosts = dict.fromkeys(machines.place(i)[0] for i in missing[:_ASKED_OF])
    unknown = [host for host in hosts if not _has_address(host)]
    names = (
        f" ({some(unknown)} {'is' if len(unknown) == 1 else 'are'} known to no name server)"
        if unknown
        else ""
    )
    return (
        f"{len(found) + 1} of {len(machines)} machines are there; missing: "
        f"{some([machines.name(i) for i in missing])}{names}. Start the same command there, or wait longer, "
        "cluster_timeout=SECONDS"
    )


def _has_address(host: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, None))
    except (OSError, UnicodeError):
        return False


def _ending(channels: list[Channel], why: str) -> SlimzooError:
    """Returns the error, which all others were told of."""
    for channel in channels:
        with suppress(Gone):
            channel.send(why.encode(), ENDED)
        channel.close()
    return SlimzooError(why)


def _calling(machines: Machines, ends: float, seconds: float) -> Channel:
    """Returns the channel to the first worker, when that has heard of all."""
    why = "nobody answers"
    while time.monotonic() < ends:
        try:
            connection = socket.create_connection(machines.place(0), timeout=_GREETING)
            if connection.getsockname() == connection.getpeername():  # nobody listens: TCP met itself
                connection.close()
                raise ConnectionRefusedError("nobody answers")
        except OSError as error:
            why = error.strerror or str(error)
            time.sleep(0.2)
            continue
        channel = Channel(connection, machines.name(0))
        try:
            if _is_welcome(machines, channel, ends):
                return channel
        except Gone as gone:
            if gone.reason and gone.reason.startswith("what it says"):
                why = gone.reason
            elif gone.reason:
                raise SlimzooError(gone.reason) from gone
        channel.close()
        time.sleep(0.2)
    raise SlimzooError(
        f"{machines.name(0)}, which the others turn to, was not there for {seconds:g} seconds ({why}), or "
        "not all others were. Start the same command there, or wait longer, cluster_timeout=SECONDS"
    )


def _is_welcome(machines: Machines, channel: Channel, ends: float) -> bool:
    greeting = {"index": machines.index, "addresses": [*machines.addresses]}
    channel.send(json.dumps(greeting).encode())
    with suppress(TimeoutError):
        return channel.receive(max(ends - time.monotonic(), 0.0) + _GREETING) == b"welcome"
    return False
