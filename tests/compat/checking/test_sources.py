"""Files as they lie about: Python 2, broken, huge, unreadable, no Python at all: each has its words."""

import os

import pytest

from slimzoo.compat.checking import check, sources
from slimzoo.errors import SlimzooError

PYTHON_2 = {  # a program: (line, words) of its faults
    "print 'a'": [(1, "Python 2: print statement; use print(...)")],
    "import tensorflow as tf\nprint tf.mul(1,\n  2)": [(2, "Python 2: print"), (2, "tf.mul: not served")],
    "import tensorflow as tf\ndef f(a, (b, c)):\n  return tf.mul(a)": [(2, "Python 2: tuple"), (3, "tf.mul")],
    "import tensorflow as tf\nclass A:\n\tdef f(s):\n\t\tprint 1\n                tf.mul()": [
        (4, "Python 2: print"),
        (5, "tf.mul"),
    ],
    "if 1:\n\tx = 1\n        y = 2": [(3, "Python 2: tabs mixed with spaces")],
    "try:\n  pass\nexcept E, e:\n  raise E, 'x'": [(3, "Python 2: except X, e"), (4, "Python 2: raise")],
    "for k, v in d.iteritems(): pass": [(1, ".iteritems(): Python 2; use items()")],
    "d.has_key(3)\nit.next()": [(1, ".has_key()"), (2, ".next()")],
    "x = xrange(3)": [(1, "xrange: Python 2; use range")],
    "import cPickle, urllib2": [(1, "import cPickle"), (1, "import urllib2")],
    "a.tostring()": [(1, ".tostring(): NumPy 1; use tobytes()")],
}
PYTHON_3 = (
    "ET.tostring(root)\nsix.iteritems(d)\nd.has_key()",
    "def f(file, long=3):\n    return file + long",
    "[file for file in x]",
    "from six.moves import *\nxrange(3)",
    "try:\n    xrange\nexcept NameError:\n    xrange = range\nxrange(3)",
    "try:\n    import cPickle as pickle\nexcept ImportError:\n    import pickle",
    "try:\n    import queue\nexcept ImportError:\n    import Queue as queue",
    "if sys.version_info[0] == 2:\n    text = unicode",
    "class A:\n    def next(self): pass\nA().next()",
)


def said(path):
    return [(one.line, str(one).split(": ", 1)[1]) for one in check([str(path)]).faults]


@pytest.mark.parametrize(("text", "faults"), PYTHON_2.items())
def test_python_2_is_named_by_line_and_the_rest_of_the_file_is_read_all_the_same(tmp_path, text, faults):
    (tmp_path / "p.py").write_text(text)
    found = said(tmp_path / "p.py")
    assert [
        (line, words[: len(begin)]) for (line, words), (_, begin) in zip(found, faults, strict=True)
    ] == faults


@pytest.mark.parametrize("text", PYTHON_3)
def test_python_3_is_not_taken_for_python_2(tmp_path, text):
    (tmp_path / "p.py").write_text(text)
    assert said(tmp_path / "p.py") == []


ODD = {  # bytes of a file p.py: (line, words) of its one fault; None: there is none
    b"": None,
    b"\xef\xbb\xbfx = 1": None,
    b"x = 1\r\ny = 2\rz = 3": None,
    b"\x0cx = 1\n": None,
    "# -*- coding: latin-1 -*-\nx = 'ä'".encode("latin-1"): None,
    "x = 1\ny = 'ä'".encode("latin-1"): (2, "not UTF-8, and no coding line"),
    b"# coding: nonsense\nx = 1": (1, "its coding line does not fit it"),
    "# coding: ascii\nx = 'ä'".encode(): (2, "its coding line does not fit it"),
    b"x = (1\n": (1, "neither Python 3 nor Python 2: '(' was never closed"),
    b"x = 1\nthis is no program at all\n": (2, "neither Python 3 nor Python 2: invalid syntax"),
    b"x = " + b"(" * 5_000 + b")" * 5_000: (1, "neither Python 3 nor Python 2: too many nested"),
    b"x = " + b"-" * 100_000 + b"1": (1, "nested too deeply to be read"),
    b"x = a" + b".b" * 50_000: (1, "nested too deeply to be read"),
}


@pytest.mark.parametrize("data", ODD, ids=lambda data: repr(data[:20]))
def test_a_file_of_odd_bytes_is_read_or_says_why_not(tmp_path, data):
    (tmp_path / "p.py").write_bytes(data)
    found, fault = said(tmp_path / "p.py"), ODD[data]
    assert [(line, words[: len(fault[1])]) for line, words in found] == [fault] if fault else found == []


NO_PROGRAM = {  # what stands under a name: the words of the refusal
    "p.py": (b"x = 1\0\0", "no Python: it has bytes of zero"),
    "tour.ipynb": (
        b'{"cells": [{"source": ["tf.nothing"]}], "nbformat": 4}',
        "nbconvert",
    ),  # a dict, to Python
    "photo.jpg": (b"\xff\xd8\xff\xe0 an image", "photo.jpg: "),
    "notes.md": (b"# Notes\nthis is a text\n", "notes.md: neither Python 3 nor Python 2"),
}


@pytest.mark.parametrize("name", NO_PROGRAM)
def test_a_file_that_is_no_python_is_refused(tmp_path, name):
    data, words = NO_PROGRAM[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SlimzooError, match=words):
        check([str(tmp_path / name)])


def test_all_that_is_not_there_is_said_at_once(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "good.py").write_text("x = 1")
    os.mkfifo(tmp_path / "pipe.py")
    with pytest.raises(SlimzooError) as caught:
        check([str(tmp_path / name) for name in ("good.py", "none.py", "empty", "pipe.py")])
    told = str(caught.value).splitlines()
    assert [line.rpartition("/")[2] for line in told[1:]] == [
        "none.py: no such file",
        "empty: no Python file is in this folder",
        "pipe.py: no file and no folder",
    ]


def test_a_folder_is_read_without_circles_of_links_other_peoples_code_and_what_is_excluded(tmp_path):
    for name in (
        "a.py",
        "b_test.py",
        ".git/c.py",
        "v/lib/site-packages/d.py",
        "old/e.py",
        "env/f.py",
        "g.pyw",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1")
    (tmp_path / "env" / "pyvenv.cfg").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "again.py").symlink_to(tmp_path / "a.py")
    (tmp_path / "broken.py").symlink_to(tmp_path / "nowhere")
    (tmp_path / "bad.py").write_bytes(b"\0")
    report = check([str(tmp_path)], exclude=["*_test.py", "old/"])
    assert [os.path.relpath(file, tmp_path) for file in report.files] == ["a.py", "bad.py", "g.pyw"]
    assert [one.what for one in report.faults] == ["no Python: it has bytes of zero"]
    with pytest.raises(SlimzooError, match="no Python file is in this folder but what --exclude takes out"):
        check([str(tmp_path)], exclude=["*"])


def test_a_file_that_cannot_be_read_and_a_huge_one_are_findings_of_their_folder(tmp_path, monkeypatch):
    (tmp_path / "huge.py").write_text("x = 1\n" * 10)
    monkeypatch.setattr(sources, "MAX_BYTES", 20)
    (tmp_path / "small.py").write_text("x = 1")
    assert [one.what for one in check([str(tmp_path)]).faults] == ["larger than 20 bytes: not read"]

    assert sources.read(str(tmp_path)).problems[0].what == "a folder that cannot be read"

    def closed(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", closed)
    assert sources.read(str(tmp_path / "small.py")).problems[0].what == "cannot be read: Permission denied"
