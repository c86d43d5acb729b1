"""Files are written in a thread of their own, in order, and none after one that failed."""

import threading
import time

import pytest

from slimzoo.training.beside import Beside


def test_works_are_done_in_their_order_while_the_caller_goes_on():
    done, may = [], threading.Event()
    with Beside() as beside:
        beside.do(lambda: may.wait(10) and done.append("first"))
        beside.do(lambda: done.append("second"))
        assert done == []  # the caller is here, and the first has not ended
        may.set()
        beside.wait()
        assert done == ["first", "second"]


def test_the_block_ends_when_all_is_done_even_if_it_fails():
    done = []
    with pytest.raises(RuntimeError), Beside() as beside:
        beside.do(lambda: (time.sleep(0.05), done.append("written")))
        raise RuntimeError
    assert done == ["written"]


@pytest.mark.parametrize("call", ["do", "wait", "leaving"])
def test_an_error_is_raised_where_the_caller_next_looks_and_nothing_comes_after_it(call):
    done = []

    def fails():
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"), Beside() as beside:
        may = threading.Event()
        beside.do(lambda: may.wait(10))
        beside.do(fails)
        beside.do(lambda: done.append("after it"))
        may.set()
        if call == "wait":
            beside.wait()
        while call == "do":
            time.sleep(0.01)
            beside.do(lambda: done.append("after it"))
    assert done == []


def test_what_is_renewed_before_it_was_begun_is_done_once():
    done, may = [], threading.Event()
    with Beside() as beside:
        beside.do(lambda: may.wait(10))
        for number in range(5):
            beside.renew("history", lambda number=number: done.append(number))
        may.set()
        beside.wait()
        beside.renew("history", lambda: done.append("later"))
    assert done == [4, "later"]
