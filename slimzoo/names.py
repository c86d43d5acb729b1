"""Names of variables and scopes: what lies in what, and how Keras can hold them. Needs no TensorFlow."""

_ESCAPES = str.maketrans({"-": "-0", ".": "-1", "/": "."})  # Keras takes no "/", and "." must stay "."


def escape(name: str) -> str:
    """Returns the slim variable name `name` as Keras can hold it: "a/b.c" is "a.b-1c"."""
    return name.translate(_ESCAPES)


def unescape(name: str) -> str:
    """Returns the slim variable name that escape() turned into `name`."""
    return name.replace(".", "/").replace("-1", ".").replace("-0", "-")


def in_scopes(name: str, scopes) -> bool:
    """Whether the variable or scope `name` lies in one of `scopes`: "a/b" holds "a/b/weights"."""
    return any(name == scope or name.startswith(f"{scope.rstrip('/')}/") for scope in scopes)
