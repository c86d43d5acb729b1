"""Processes find one another at the first one's port, or it is said who is missing; here they are threads."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from slimzoo.errors import SlimzooError
from slimzoo.training.together import channel
from slimzoo.training.together.channel import ENDED, Channel, Gone, open_channels
from slimzoo.training.together.machines import Machines


def addresses(count):
    """Addresses on this machine whose ports are free."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = tuple(f"127.0.0.1:{each.getsockname()[1]}" for each in sockets)
    for each in sockets:
        each.close()
    return found


def opened(machines, seconds=20.0):
    """The channels of all of `machines` at once, or the errors."""

    def one(each):
        try:
            return open_channels(each, seconds)
        except SlimzooError as error:
            return str(error)

    with ThreadPoolExecutor(len(machines)) as threads:
        return [*threads.map(one, machines)]


@pytest.fixture
def pair():
    """The two ends of a channel."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        both = Channel(ours, "worker 1"), Channel(server.accept()[0], "worker 0")
    yield both
    for each in both:
        each.close()


def test_messages_come_whole_and_in_order(pair):
    ours, theirs = pair
    sent = [b"", b"a" * 3_000_000, b"last"]
    sender = threading.Thread(target=lambda: [ours.send(each) for each in sent])
    sender.start()
    assert [theirs.receive(20) for _ in sent] == sent
    sender.join()


def test_that_the_other_has_ended_is_heard_with_its_reason(pair):
    ours, theirs = pair
    ours.send(b"no room on the disk", ENDED)
    ours.close()
    with pytest.raises(Gone, match="worker 0 ended: no room on the disk"):
        theirs.receive(20)
    with pytest.raises(Gone, match="worker 0 is gone"):
        theirs.receive(20)


def test_nothing_in_time_is_no_message(pair):
    with pytest.raises(TimeoutError):
        pair[0].receive(0.01)


def test_all_find_the_first_and_its_port_is_free_again():
    names = addresses(3)
    first, second, third = opened([Machines(names, index) for index in (0, 1, 2)])
    assert [each.name for each in first] == [f"worker {i} ({names[i]})" for i in (1, 2)]
    first[1].send(b"to the third")
    assert third[0].receive(20) == b"to the third"
    with socket.create_server(("", int(names[0].rpartition(":")[2]))):
        second[0].send(b"still there")  # TensorFlow listens there then
        assert first[0].receive(20) == b"still there"
    for each in (*first, *second, *third):
        each.close()


def test_who_is_missing_is_named_to_everybody():
    names = addresses(3)
    said = opened([Machines(names, index) for index in (0, 1)], seconds=2.0)
    for each in said:
        assert f"2 of 3 machines are there; missing: worker 2 ({names[2]})" in each
        assert "cluster_timeout=SECONDS" in each


def test_a_missing_machine_whose_name_nobody_knows_is_told_so():
    machines = Machines((*addresses(1), "nowhere.invalid:1"), 0)  # RFC 6761: there is none of .invalid
    with pytest.raises(SlimzooError, match=r"worker 1 .* \(nowhere.invalid is known to no name server\)"):
        open_channels(machines, 0.1)


def test_a_first_one_that_never_comes_is_named():
    names = addresses(2)
    with pytest.raises(SlimzooError, match=rf"worker 0 \({names[0]}\).*was not there for 1 seconds"):
        open_channels(Machines(names, 1), 1.0)


def test_machines_that_name_others_are_told_so():
    names = addresses(3)
    said = opened([Machines(names[:2], 0), Machines((names[0], names[2]), 1)])
    assert all("for worker 1 the machines are" in each and names[2] in each for each in said)


def test_two_that_say_to_be_the_same_are_refused():
    names = addresses(3)
    machines = Machines(names, 0)
    with (
        ThreadPoolExecutor(1) as threads,
        socket.create_server(("127.0.0.1", machines.place(0)[1])) as server,
    ):
        called = threads.submit(channel._called, machines, server, time.monotonic() + 20)
        twins = [Channel(socket.create_connection(machines.place(0)), "twin") for _ in range(2)]
        for twin in twins:
            twin.send(json.dumps({"index": 2, "addresses": [*names]}).encode())
        with pytest.raises(SlimzooError, match="two processes say that they are worker 2"):
            called.result(20)


def test_a_stranger_at_the_port_is_left_standing():
    names = addresses(2)

    def stranger():
        ends = time.monotonic() + 20
        while time.monotonic() < ends:  # until the first listens
            try:
                caller = socket.create_connection(Machines(names, 0).place(0))
            except OSError:
                time.sleep(0.01)
                continue
            caller.sendall(b"GET / HTTP/1.1\r\nHost: nobody\r\n\r\n")
            return caller

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(open_channels, Machines(names, 0), 20.0)
        caller = threads.submit(stranger).result(20)
        (second,) = open_channels(Machines(names, 1), 20.0)
        (heard,) = first.result(20)
        caller.close()
    for each in (heard, second):
        each.close()


def test_a_port_in_use_is_named(monkeypatch):
    monkeypatch.setattr(channel, "_BUSY", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(SlimzooError, match=f"port {port} of this machine, .* cannot be used"):
            open_channels(Machines((f"127.0.0.1:{port}", "127.0.0.1:1"), 0), 5.0)
