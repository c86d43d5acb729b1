"""Python 2 in a program that failed: every place of the file, and nothing that is Python 3."""

import pytest

from slimzoo.compat.leftovers import find, report

PYTHON_2 = {  # a line: what it is
    'print "hello", 3': "print statement",
    "if x: print x": "print statement",
    "print >>sys.stderr, x": "print >>file",
    "except X, e:": "except X, e",
    "except (A, b.C), e:": "except X, e",
    'raise ValueError, "no"': "raise X, message",
    "s = `x`": "backticks",
    'exec "x = 3"': "exec statement",
    "exec code in scope": "exec statement",
    "os.chmod(p, 0777)": "octal number",
    "n = 10L": "long number",
    "p = ur'a'": "ur'' string",
    "if a <> b:": "<>",
    "sorted(d, key=lambda (k, v): v)": "tuple parameter of a lambda",
    "def f(a, (b, c)):": "tuple parameter",
    "for k in d.iteritems():": ".iteritems()",
    "d.has_key(k)": ".has_key()",
    "reader.next()": ".next()",
    "image.tostring()": ".tostring()",
    "for i in xrange(3):": "xrange",
    "isinstance(s, basestring)": "basestring",
    "import cPickle": "import cPickle",
    "import cPickle as pickle": "import cPickle",
    "from Queue import Queue": "import Queue",
}
PYTHON_3 = (
    "print('a', 3, file=f)",
    "print ('a')",
    "print",
    "printed = 3",
    "x = 'print 3'  # print 3, xrange",
    "except (A, B) as e:",
    "raise ValueError('a, b')",
    "exec('x')",
    "mask = 0x0F | 0o17 | 00",
    "x = 0.5 + 10.01 + a01",
    "def f(a, b=(1, 2)):",
    "from six.moves import xrange; xrange(3)",
    "from functools import reduce; reduce(f, x)",
    "unicode = str",
    "self.long = parser.file",
    "f(file=out, reduce=True)",
    "next(reader)",
    "lambda k: (k, 1)",
    "import queue",
)


@pytest.mark.parametrize(("line", "what"), PYTHON_2.items())
def test_a_line_of_python_2_is_found_and_named(line, what):
    assert what in [place.what for place in find(line)]


@pytest.mark.parametrize("line", PYTHON_3)
def test_a_line_of_python_3_is_not(line):
    assert list(find(line)) == []


def test_what_stands_in_texts_is_not_looked_at():
    source = '"""\nprint "a"\n"""\nx = \'\'\'\n0777\n\'\'\'\nprint x\n'
    assert [(place.line, place.what) for place in find(source)] == [(7, "print statement")]


def test_a_module_imported_with_a_fallback_is_left_alone():
    assert list(find("try:\n  import cPickle\nexcept ImportError:\n  import pickle\n")) == []


def test_the_report_names_every_place_of_the_file(tmp_path):
    script = tmp_path / "s.py"
    script.write_text("def f(d):\n  return d.iteritems()\nfor i in xrange(3):\n  pass\n")
    error = AttributeError("'dict' object has no attribute 'iteritems'", name="iteritems")
    assert report(script, error) == (
        f"{script} is Python 2 (or NumPy 1) in 2 places; it stopped with AttributeError: {error}\n"
        f"{script}:2: .iteritems(): write items()\n"
        f"{script}:3: xrange: write range\n"
        "Or run it as it is: slimzoo run --py2 PROGRAM translates all of it in memory"
    )


@pytest.mark.parametrize(
    "error",
    [
        AttributeError("no attribute 'foo'", name="foo"),
        NameError("name 'foo' is not defined", name="foo"),
        ModuleNotFoundError("No module named 'foo'", name="foo"),
        ValueError("xrange"),
    ],
)
def test_an_error_with_another_reason_is_no_report(tmp_path, error):
    script = tmp_path / "s.py"
    script.write_text("for i in xrange(3):\n  pass\n")
    assert report(script, error) is None


def test_a_syntax_error_of_python_3_is_no_report(tmp_path):
    script = tmp_path / "s.py"
    script.write_text("x = (1\n")
    assert report(script, SyntaxError("'(' was never closed")) is None
