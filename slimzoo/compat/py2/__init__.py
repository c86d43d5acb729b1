"""Python 2 programs on Python 3, translated in memory: `slimzoo run --py2`.

What a file is, it says itself (`syntax.kind_of`):

- what only Python 3 reads (an f-string, an annotation, `print(..., file=f)`, ...) is Python 3, and untouched;
- what only Python 3 reads, but names what only Python 2 had (`xrange`, `d.iteritems()`), gets these names and
  attributes and nothing else: `/`, `print` and `range` stay Python 3's;
- everything else has the meaning that Python 2.7 gives it, also where Python 3 would read it: `1 / 2` is 0.

Two steps: `syntax.py` makes text that Python 3 reads, with fissix, and keeps every line where it is;
`meaning.py` changes the tree of that text where the same words meant something else, into calls of `__py2__`,
which is `runtime.py`. The names of `names.py` are the builtins of such modules, and of no others.
"""
