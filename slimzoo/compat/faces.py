"""Old modules as objects: each looks its names up where the tables of slimzoo.compat say they are today."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

from slimzoo.compat import modules, recorded
from slimzoo.compat.contrib import CONTRIB, GONE, SERVED
from slimzoo.compat.libraries import LIBRARIES, SAME
from slimzoo.compat.modules import Row
from slimzoo.compat.not_served import StandIn
from slimzoo.compat.others.rows import OLD_LIBRARIES
from slimzoo.names import near

_OLD = {**modules.SLIM, **modules.REPOSITORY}
MODULES: dict[str, Row] = {**_OLD, **modules.under_other_names(_OLD), **CONTRIB, **LIBRARIES, **OLD_LIBRARIES}
PACKAGES = {**modules.PACKAGES, **modules.under_other_names(modules.PACKAGES)}

_FACES: dict[str, ModuleType] = {}
_ABSENT = object()
_HOMES = {"slim": ("layers", "framework")}  # of the names that lie in tf.contrib.slim
_MANY = 30  # names; of more, only the nearest are named


class Face(ModuleType):
    """A module that has the names of its Row, of its old submodules, and nothing else."""

    def __init__(self, name: str, row: Row):
        super().__init__(name, f"The old {name}, served by {', '.join(row.sources) or 'slimzoo'}.")
        self.__path__: list[str] = []
        self._row = row

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets what the library has there, as sys.stdout; TensorFlow's and NumPy's names stay in the face."""
        if not name.startswith("_") and self.__name__ not in LIBRARIES:
            for source in self._sources():
                if hasattr(source, name):
                    setattr(source, name, value)
                    return
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            known = recorded.names(self.__name__) if not self._row.sources else ()
            return _public([*self._row.names, *children(self.__name__), *self._offered(), *known])
        if name in self._row.names:
            return locate(self._row.names[name])
        if name.startswith("__"):
            if self.__name__ not in LIBRARIES and (source := next(self._sources(), None)) is not None:
                return getattr(source, name)  # as __version__
            raise AttributeError(name)
        if is_known(child := f"{self.__name__}.{name}"):
            return resolve(child)
        for source in self._sources():
            if (found := getattr(source, name, _ABSENT)) is not _ABSENT:
                return found
        if (found := self._of_contrib(name)) is not _ABSENT:
            return found
        raise AttributeError(self._absent(name))

    def _of_contrib(self, name: str) -> Any:
        """Returns what lay in a module of tf.contrib: another module, what its part serves, or a stand-in."""
        module, names = self.__name__, recorded.names(self.__name__)
        if names.get(name):
            return _neighbour(names[name])
        if name not in names and (name not in self._row.gone or not module.startswith(recorded.CONTRIB)):
            return _ABSENT
        for part in _HOMES.get(recorded.part_of(module), (recorded.part_of(module),)):
            face = resolve(recorded.CONTRIB + part)
            if face is not self and (found := getattr(face, name, _ABSENT)) is not _ABSENT:
                return found
        instead = self._row.gone.get(name) or GONE.get(recorded.part_of(module)) or "your own code"
        return StandIn(f"{module}.{name}".replace("tensorflow", "tf", 1), instead)

    def __dir__(self) -> list[str]:
        names = {*self._row.names, *children(self.__name__), *recorded.names(self.__name__)}
        for source in self._sources():
            names.update(dir(source))
        return sorted(names)

    def _offered(self) -> Iterator[str]:
        for source in self._sources():
            yield from getattr(source, "__all__", dir(source))

    def _sources(self) -> Iterator[ModuleType]:
        return map(_module, self._row.sources)

    def _absent(self, name: str) -> str:
        old = self.__name__.replace("tensorflow", "tf")
        if name in self._row.gone:
            return f"{old}.{name} is not served by slimzoo. In its place: {self._row.gone[name]}"
        if self.__name__ == "tensorflow.contrib":
            return f"{old}.{name} is not served by slimzoo, which has {', '.join(SERVED)} of {old}"
        known = _public(dir(self))
        likely = near(name, known, 8) if len(known) > _MANY else known
        return f"{old} has no {name!r}. " + (
            f"Near to it: {', '.join(likely)}" if likely else "See dir() of it"
        )


def _public(names: Iterable[str]) -> list[str]:
    return sorted({name for name in names if not name.startswith("_")})


def put_rows(rows: Mapping[str, Row]) -> Callable[[], None]:
    """Adds old modules, in the place of those that are called so; returns what takes them away."""
    before = {name: MODULES[name] for name in rows if name in MODULES}
    MODULES.update(rows)

    def take_away() -> None:
        for name in rows:
            del MODULES[name]
            _FACES.pop(name, None)
        MODULES.update(before)

    for name in rows:
        _FACES.pop(name, None)
    return take_away


def is_known(name: str) -> bool:
    """Says whether an old module is called `name`."""
    return (
        name in MODULES or name in PACKAGES or _package_module(name) is not None or recorded.is_module(name)
    )


def children(name: str) -> set[str]:
    """Returns the names of the old modules right below the old module `name`."""
    depth = len(name) + 1
    old_names = (*MODULES, *PACKAGES, *(recorded.modules() if name.startswith("tensorflow.contrib") else ()))
    listed = {old[depth:].split(".")[0] for old in old_names if old.startswith(name + ".")}
    for target in PACKAGES.get(name, ()):
        package = importlib.import_module(target)
        listed.update(module.name for module in pkgutil.iter_modules(package.__path__))
    return listed


def resolve(name: str) -> ModuleType:
    """Returns what the old module `name` is today: a module of ours, or a Face of several.

    Raises: ImportError: no old module has this name, or its successor is not in this slimzoo.
    """
    name = SAME.get(name, name)
    if name not in _FACES:
        _FACES[name] = _make(name)
    return _FACES[name]


def locate(path: str) -> Any:
    """Returns the object with the full name `path`, a module being a part of it."""
    module, _, rest = path.partition(".")
    found: Any = importlib.import_module(module)
    for part in filter(None, rest.split(".")):
        module = f"{module}.{part}"
        found = getattr(found, part) if hasattr(found, part) else importlib.import_module(module)
    return found


def _make(name: str) -> ModuleType:
    row = MODULES.get(name)
    if row is None and name in PACKAGES:
        row = Row(PACKAGES[name])
    if row is None and recorded.is_module(name) and _package_module(name) is None:
        row = Row()
    if row is not None and (
        len(row.sources) != 1 or row.names or row.gone or children(name) or recorded.names(name)
    ):
        return Face(name, row)
    target = row.sources[0] if row is not None else _package_module(name)
    if target is None:
        raise ImportError(f"no old module is named {name!r}", name=name)
    if recorded.names(name):
        return Face(name, Row((target,)))
    return _import(name, target)


def _module(path: str) -> ModuleType:
    """Returns the module `path`: of TensorFlow's, the one that lies there, which `import` makes anew."""
    return locate(path) if path.startswith("tensorflow.compat.v1.") else importlib.import_module(path)


def _neighbour(path: str) -> ModuleType:
    """Returns a module that lay in another one: of tf.contrib, of Python, or of TensorFlow's inside."""
    if is_known(path):
        return resolve(path)
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        return Face(path, Row(("tensorflow.compat.v1",)))


def _import(name: str, target: str) -> ModuleType:
    try:
        return importlib.import_module(target)
    except ModuleNotFoundError as error:
        if error.name != target:
            raise
        known = ", ".join(sorted(children(name.rpartition(".")[0])))
        raise ImportError(
            f"{name} would be {target}, which this slimzoo does not have. Beside it there are {known}",
            name=name,
        ) from None


def _package_module(name: str) -> str | None:
    package, _, module = name.rpartition(".")
    targets = (f"{target}.{module}" for target in PACKAGES.get(package, ()))
    return next((target for target in targets if importlib.util.find_spec(target) is not None), None)
