"""The engines: what each needs, what it computes in, and which is taken where the caller names none."""

import functools
import importlib.util
import logging
import numbers
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slimzoo.engines import processor
from slimzoo.errors import SlimzooError, listing
from slimzoo.names import nearest

log = logging.getLogger("slimzoo")
AUTO = "auto"
INT8 = "int8"  # the precision that is calibrated
_BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16", processor.GPU)
_BFLOAT16_ON_CPU = _BFLOAT16[:3]
_FLOAT16_ON_CPU = ("avx512_fp16", "amx_fp16", "asimdhp")
_FAST = {"bfloat16": ("amx_bf16", "bf16", processor.GPU)}  # without one of these it is slower than float32
Flags = tuple[str, ...]  # of a processor, of which one is enough; (): none is needed


@dataclass(frozen=True)
class Engine:
    """One way to run a network; its module in slimzoo.engines goes by its name."""

    name: str
    needs: tuple[str, ...]  # packages
    extra: str  # of slimzoo, that brings them; "" where slimzoo has them anyway
    precisions: Mapping[str, Flags]
    takes_threads: bool = True  # a number of them for itself; TensorFlow's are one pool for the process
    takes_any_size: bool = False  # of images, where the network does
    besides: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # packages that a precision needs too

    @property
    def missing(self) -> list[str]:
        """The packages that are not installed; none is imported."""
        return _not_installed(self.needs)

    def missing_for(self, precision: str) -> list[str]:
        """The packages that are not installed and that `precision` needs."""
        return _not_installed((*self.needs, *self.besides.get(precision, ())))


def _not_installed(packages: Iterable[str]) -> list[str]:
    return [package for package in packages if importlib.util.find_spec(package) is None]


# In the order of "auto": openvino before tensorflow by compiled/* of tools/bench.py, the rest unmeasured.
ENGINES: dict[str, Engine] = {
    engine.name: engine
    for engine in (
        Engine(
            name="openvino",
            needs=("openvino",),
            extra="openvino",
            precisions={
                "float32": (),
                "bfloat16": _BFLOAT16_ON_CPU,
                "float16": _FLOAT16_ON_CPU,
                INT8: (),
            },
            besides={INT8: ("nncf",)},
        ),
        Engine(
            name="tensorflow",
            needs=("tensorflow",),
            extra="",
            precisions={"float32": (), "bfloat16": _BFLOAT16, "float16": (processor.GPU,)},
            takes_threads=False,
            takes_any_size=True,
        ),
        Engine(
            name="onnxruntime", needs=("onnxruntime", "tf2onnx"), extra="onnx", precisions={"float32": ()}
        ),
        Engine(name="tflite", needs=("tensorflow",), extra="", precisions={"float32": (), INT8: ()}),
    )
}
MOST = {"threads": 1024, "batch_size": 1 << 16}  # with far more some engine takes the process with it
PRECISIONS = tuple(dict.fromkeys(name for engine in ENGINES.values() for name in engine.precisions))


@dataclass(frozen=True)
class Settings:
    """How a network is to be run: an engine that can do it here, as settle() found."""

    engine: str
    precision: str
    threads: int | None = None  # that compute one batch; None: as many as there are cores
    batch_size: int | None = None  # images of every batch; None: any number


def settle(
    engine: str = AUTO,
    precision: str = "float32",
    threads: int | None = None,
    batch_size: int | None = None,
    any_size: bool = False,
) -> Settings:
    """Returns the settings, with an engine in place of "auto": the fastest that is installed and can do it.

    Args:
      any_size: of images, is to be taken.
    Raises: SlimzooError: an engine that there is not, or is not installed; what it or this processor cannot
      compute in; a number out of range: everything at once.
    """
    problems = [*wrong_counts(threads=threads, batch_size=batch_size)]
    if engine not in (AUTO, *ENGINES):
        near = nearest(str(engine), ENGINES)
        problems.append(f"engine is {engine!r}; there are {', '.join((AUTO, *ENGINES))}.{near}")
    if precision not in PRECISIONS:
        problems.append(f"precision is {precision!r}; there are {', '.join(PRECISIONS)}")
    elif engine in list(ENGINES):  # a list has no hash
        problems += _cannot(ENGINES[engine], precision, threads, any_size)
    if problems:
        raise SlimzooError(listing("a predictor cannot be made so:", problems))
    if _lacking(_FAST.get(precision, ())):
        _say_slow(precision)
    found = _fastest(precision, threads, any_size) if engine == AUTO else engine
    return Settings(found, precision, threads, batch_size)


@functools.cache
def _say_slow(precision: str) -> None:
    wanted = " or ".join(_FAST[precision])
    log.warning("%s is slower than float32 on this machine: it has none of %s (said once)", precision, wanted)


def check_size(settings: Settings, name: str, shape: tuple[int | None, ...]) -> None:
    """Raises SlimzooError where images of the network `name` may be of any size, and not for the engine.

    Args:
      shape: (height, width, channels), None where it is open.
    """
    if None in shape and not ENGINES[settings.engine].takes_any_size:
        raise SlimzooError(
            f"{name} takes images of any size, {shape}, and engine {settings.engine} computes for one: give "
            f"input_shape=(height, width, channels), and size= for preprocess(); {_of_any_size()} takes any"
        )


def _of_any_size() -> str:
    return ", ".join(engine.name for engine in ENGINES.values() if engine.takes_any_size)


def wrong_counts(**counts: Any) -> Iterable[str]:
    """Yields what is wrong with those of `counts`, of names in MOST, that are no possible number."""
    for name, count in counts.items():
        whole = isinstance(count, numbers.Integral) and not isinstance(count, bool)
        if count is not None and not (whole and 1 <= count <= MOST[name]):
            yield f"{name} is {count!r}; it is a number from 1 up to {MOST[name]:,}, or None"


def _cannot(engine: Engine, precision: str, threads: int | None, any_size: bool = False) -> list[str]:
    """Returns what keeps `engine` from it here, as messages."""
    problems = []
    if missing := engine.missing_for(precision):
        how = f"pip install 'slimzoo[{engine.extra}]'" if engine.extra else f"pip install {missing[0]}"
        problems.append(f"engine {engine.name} needs {' and '.join(missing)}, not installed here: {how}")
    if precision not in engine.precisions:
        able = ", ".join(engine.precisions)
        others = ", ".join(other.name for other in ENGINES.values() if precision in other.precisions)
        problems.append(f"engine {engine.name} computes in {able}, not in {precision}; {others} may")
    elif wanted := _lacking(engine.precisions[precision]):
        problems.append(
            f"engine {engine.name} computes in {precision} on machines with {' or '.join(wanted)}, and this "
            "one has none; float32 runs everywhere"
        )
    if any_size and not engine.takes_any_size:
        problems.append(
            f"engine {engine.name} computes for images of one size, not of any, as {_of_any_size()} does: "
            "give input_shape=(height, width, channels)"
        )
    if threads is not None and precision == INT8:
        problems.append(f"{INT8} takes no number of threads")
    elif threads is not None and not engine.takes_threads:
        others = ", ".join(other.name for other in ENGINES.values() if other.takes_threads)
        problems.append(
            f"engine {engine.name} computes in the threads of the process and takes no number of its own, as "
            f"{others} do. TF_NUM_INTRAOP_THREADS in the environment, before Python starts, sets them for all"
        )
    return problems


def _lacking(wanted: Flags) -> Flags:
    """Returns `wanted` if the processor is known to have none of them, else ()."""
    there = processor.flags()
    return wanted if wanted and there is not None and not there.intersection(wanted) else ()


def _fastest(precision: str, threads: int | None, any_size: bool) -> str:
    problems = []
    for engine in ENGINES.values():
        if not (wrong := _cannot(engine, precision, threads, any_size)):
            return engine.name
        problems += wrong
    raise SlimzooError(listing(f"no engine computes in {precision} here:", problems))
