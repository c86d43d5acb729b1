"""Two installations side by side: new over old, pair by pair, the sides closed whatever happens."""

import pytest

from tools import old_and_new


class Side:
    """Takes as many seconds as its program says, and remembers that it was closed."""

    made = ()  # each test has a list of its own

    def __init__(self, python, program):
        self.python, self.program, self.closed = python, program, False
        Side.made.append(self)

    def seconds(self):
        return {"old": 2.0, "new": 1.0}[self.python]

    def close(self):
        self.closed = True


def test_a_ratio_is_new_over_old_and_the_warm_up_is_left_out(monkeypatch):
    monkeypatch.setattr(Side, "made", [])
    assert old_and_new.measure(Side, "", ["old", "new"], 3) == [0.5, 0.5, 0.5]
    assert [side.closed for side in Side.made] == [True, True]


def test_sides_are_closed_where_one_fails(monkeypatch):
    monkeypatch.setattr(Side, "made", [])
    with pytest.raises(KeyError):
        old_and_new.measure(Side, "", ["old", "other"], 3)
    assert all(side.closed for side in Side.made)


def test_a_row_that_is_none_is_told_those_there_are(capsys):
    assert old_and_new.main(["old", "new", "nothing"]) == 2
    assert "load/vgg_16" in capsys.readouterr().err
