"""Names that other libraries had when old programs were written, for such programs alone.

`rows.py` is the table of modules, `old_methods.py` beside this folder that of methods; the other files have
what is a few lines of code. Nothing here changes what a library sees.
"""
