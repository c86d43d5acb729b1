"""What is translated and what is not, what is said of it, and what a file that no Python reads gets."""

import builtins
import sys
import traceback

import pytest

from slimzoo.compat.py2 import siblings, syntax
from slimzoo.compat.py2.translation import translate

KINDS = {
    "print 'a'\n": syntax.PYTHON_2,
    "x = 1 / 2\n": syntax.PYTHON_2,
    "print('a')\n": syntax.PYTHON_2,
    "print('a', 1)\n": syntax.PYTHON_2,
    "print\n": syntax.PYTHON_2,
    "d.iteritems()\n": syntax.PYTHON_2,
    "from __future__ import print_function\nprint('a', end='')\n": syntax.PYTHON_2,
    "class A(B): pass\nx = [y for y in range(3)]\n": syntax.PYTHON_2,
    "print('a', end='')\n": syntax.PYTHON_3,
    "print(*a)\n": syntax.PYTHON_3,
    "list(map(print, x))\n": syntax.PYTHON_3,
    "x = f'{1 / 2}'\n": syntax.PYTHON_3,
    "def f(x: int): return x / 2\n": syntax.PYTHON_3,
    "def f(*, x): return x / 2\n": syntax.PYTHON_3,
    "def f() -> int: pass\n": syntax.PYTHON_3,
    "x: int = 3\n": syntax.PYTHON_3,
    "raise A from b\n": syntax.PYTHON_3,
    "a, *b = c\n": syntax.PYTHON_3,
    "class A(metaclass=B): pass\n": syntax.PYTHON_3,
    "class A(B):\n  def f(self): super().f()\n": syntax.PYTHON_3,
    "async def f(): await g()\n": syntax.PYTHON_3,
    "def f():\n  x = 1\n  def g():\n    nonlocal x\n": syntax.PYTHON_3,
    "def f(): yield from g()\n": syntax.PYTHON_3,
    "c = a @ b\n": syntax.PYTHON_3,
    "if (n := 3): pass\n": syntax.PYTHON_3,
    "x = f'{a}'\nfor k in d.iteritems(): pass\n": syntax.NAMES,
    "def f(x: int): return xrange(x)\n": syntax.NAMES,
}


@pytest.mark.parametrize(("text", "kind"), KINDS.items())
def test_a_file_is_what_only_one_of_the_pythons_reads_and_else_python_2(text, kind):
    assert translate(text.encode(), "a.py").kind == kind


def test_python_3_runs_as_it_is_to_the_byte():
    source = b"# -*- coding: latin-1 -*-\nx = f'\xe9{1 / 2}'\n"
    made = translate(source, "a.py")
    assert made.diff() == "" and made.changes == ()
    exec(made.code, names := {})
    assert names["x"] == "é0.5"


def test_python_3_with_names_of_python_2_gets_these_and_keeps_its_division(tmp_path, run_py2):
    out = run_py2(
        "def f(n: int): return n / 2, list(xrange(n)), range(n)\nd = {1: 2}\n"
        "import cPickle, json, pickle\n"
        "print(f(3), list(d.iteritems()), d.has_key(1), d.keys(), sep='|')\n"
        "assert pickle.DEFAULT_PROTOCOL > 2 and type(json).__name__ == 'module'\n"
        "assert isinstance('a', basestring)\n"
    )
    assert out == "(1.5, [0, 1, 2], range(0, 3))|[(1, 2)]|True|dict_keys([1])\n"


SOURCE = """\
import os
def f((a, b), c):
    print a / b, c
    return a.has_key
x = 0777
"""
DIFF = """\
--- a.py
+++ a.py (as it runs)
@@ -1,5 +1,6 @@
 import os
-def f((a, b), c):
-    print a / b, c
-    return a.has_key
-x = 0777
+def f(xxx_todo_changeme, c):
+    (a, b) = xxx_todo_changeme
+    print(a / b, c)  # Python 2: / of whole numbers floors
+    return a.has_key  # Python 2: .has_key: `in`
+x = 0o777
"""


def test_the_diff_is_the_text_that_runs_and_says_what_else_words_mean():
    assert translate(SOURCE.encode(), "a.py").diff() == DIFF


def test_the_summary_names_what_changed_by_line():
    assert translate(SOURCE.encode(), "a.py").summary() == (
        "a.py: Python 2, translated in memory: tuple parameter (line 2); / of whole numbers floors (line 3); "
        "print statement (line 3); .has_key: `in` (line 4); octal number (line 5)"
    )


def test_a_traceback_has_the_lines_of_the_program(run_py2, tmp_path):
    text = "def f((a, b)):\n    '''doc\n    '''\n    print a,\n    return a / b\n\nf((1, 0))\n"
    with pytest.raises(ZeroDivisionError) as caught:
        run_py2(text)
    frames = traceback.extract_tb(caught.tb)
    own = [(frame.lineno, frame.line) for frame in frames if frame.filename == str(tmp_path / "program.py")]
    assert own == [(7, "f((1, 0))"), (5, "return a / b")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\nprint 'a' b\n", "a.py:2: neither Python 2 nor Python 3: not read at 'b'\n    print 'a' b\n"),
        ("if 1:\n  x = 1\n y = 2\nprint 'a'\n", "a.py:3: neither Python 2 nor Python 3: "),
        ("print 'a'\nx = (1,\n", "a.py:3: neither Python 2 nor Python 3: "),
        ("print 'a'\ndef f():\n  from os import *\n", "a.py:3: neither Python 2 nor Python 3: import *"),
        ("# coding: klingon\nprint 'a'\n", "a.py: its coding line says klingon, which Python does not know"),
        ("print 'a'\nx = 'abc\n", "a.py:2: neither Python 2 nor Python 3: "),
        ("print 'a'\nNone = 3\n", "a.py:2: neither Python 2 nor Python 3: cannot assign to None"),
        ("print 'a'\0\n", "a.py:1: neither Python 2 nor Python 3: "),
    ],
)
def test_what_no_python_reads_is_told_by_file_and_line(text, words):
    with pytest.raises(syntax.TranslationError) as caught:
        translate(text.encode(), "a.py")
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (b"# coding: latin-1\nx = u'\xe9'; print x\n", "\xe9"),
        (b"x = '\xc3\xa9'; print x\n", "\xe9"),
        (b"x = '\xe9'; print x\n", "\xe9"),
        (b"\xef\xbb\xbfx = 'a'\r\nprint x\r\n", "a"),
        (b"x = 'a'\rprint x", "a"),
    ],
)
def test_any_coding_and_any_end_of_line_is_read(source, value):
    exec(translate(source, "a.py").code, names := {"print": lambda *a: None, "__py2__": None})
    assert names["x"] == value


def test_without_fissix_the_message_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "fissix", None)
    for name in [name for name in sys.modules if name.startswith("fissix.")]:
        monkeypatch.delitem(sys.modules, name)
    syntax._tool.cache_clear()
    with pytest.raises(syntax.TranslationError, match=r"not installed: pip install 'slimzoo\[py2\]'$"):
        syntax.check()


def test_modules_of_the_program_are_python_2_too_and_look_beside_themselves_first(run_py2, tmp_path):
    package = tmp_path / "pkg_of_old"
    package.mkdir()
    (package / "__init__.py").write_text(
        "import string\nfrom beside import half\nprint string.mine, half(3)\n"
    )
    (package / "string.py").write_text("mine = 'a sibling wins'\n")
    (package / "beside.py").write_text("import below.deep\ndef half(n): return n / 2 + below.deep.one\n")
    (package / "below").mkdir()
    (package / "below" / "__init__.py").write_text("")
    (package / "below" / "deep.py").write_text(
        "from __future__ import absolute_import\nimport string\none = 0L\nstring.letters\n"
    )
    (package / "new.py").write_text("def half(n: int): return n / 2\n")
    out = run_py2(
        "import pkg_of_old\nfrom pkg_of_old import new\nprint new.half(3), pkg_of_old.beside.below.deep.one\n"
    )
    assert out == "a sibling wins 1\n1.5 0\n"
    assert not list(tmp_path.rglob("*.pyc"))
    texts = {
        made.file.removeprefix(str(tmp_path)): made.kind
        for made in siblings.translations(str(tmp_path / "program.py"))
    }
    assert texts == {
        "/program.py": syntax.PYTHON_2,
        **{f"/pkg_of_old/{name}.py": syntax.PYTHON_2 for name in ("__init__", "beside", "string")},
        **{f"/pkg_of_old/below/{name}.py": syntax.PYTHON_2 for name in ("__init__", "deep")},
        "/pkg_of_old/new.py": syntax.PYTHON_3,
    }


def test_what_python_2_pickled_is_read(run_py2, tmp_path):
    # pickle.dumps({"caf\xe9": [0, 1], "t": u"\xe9"}, 2) of Python 2.7.18
    (tmp_path / "old.pkl").write_bytes(
        b"\x80\x02}q\x00(U\x04caf\xe9q\x01]q\x02(K\x00K\x01eU\x01tq\x03X\x02\x00\x00\x00\xc3\xa9q\x04u."
    )
    out = run_py2(
        "import cPickle\nd = cPickle.load(open('old.pkl', 'rb'))\n"
        "print d == {'caf\\xe9': [0, 1], 't': u'\\xe9'}\n"
    )
    assert out == "True\n"


def test_imp_loads_a_file_of_python_2(run_py2, tmp_path):
    (tmp_path / "settings.py").write_text("print 'loaded'\nhalf = 3 / 2\n")
    assert run_py2("import imp\nprint imp.load_source('conf', 'settings.py').half\n") == "loaded\n1\n"


def test_libraries_keep_python_3s_builtins(run_py2):
    run_py2("print xrange(2)[1]\n")
    assert not hasattr(builtins, "xrange") and type(range(2)) is range
