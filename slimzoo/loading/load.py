"""load(): from a name to a Model: a source, a plan, the variables filled, the Model."""

import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from slimzoo import converters
from slimzoo.converters.matching import Rename
from slimzoo.converters.name_maps import NameMap, worded
from slimzoo.errors import SlimzooError, listing, shown
from slimzoo.loading.arguments import LoadArguments, PredictorArguments
from slimzoo.loading.compiled import Compiling, check_digest, compiling
from slimzoo.loading.plan import Contents, Plan, Wanted, open_contents, plan_for, plan_new
from slimzoo.loading.source import Source, find
from slimzoo.names import Scopes
from slimzoo.preprocessing import Preprocessing

if TYPE_CHECKING:  # these bring TensorFlow, which waits until there is something to be made
    from slimzoo.model.features import Backbone, Levels
    from slimzoo.model.model import Model
    from slimzoo.model.predictor import Predictor
    from slimzoo.tracing.discovery import Discovery
    from slimzoo.tracing.parts import Parts

log = logging.getLogger("slimzoo")
MODEL_SETTINGS = ("dtype", "label_offset", "multi_label", "name", "seed", "trainable")  # not the network's
_OTHERS = (*MODEL_SETTINGS, "arg_scope", "data_format")


@overload
def load(
    name: str | os.PathLike,
    pretrained: bool = ...,
    *,
    features_only: Literal[True],
    engine: None = ...,
    **arguments: Unpack[LoadArguments],
) -> "Backbone": ...


@overload
def load(
    name: str | os.PathLike,
    pretrained: bool = ...,
    *,
    features_only: Literal[False] = ...,
    engine: None = ...,
    **arguments: Unpack[LoadArguments],
) -> "Model": ...


@overload
def load(
    name: str | os.PathLike,
    pretrained: bool = ...,
    *,
    engine: str,
    **arguments: Unpack[PredictorArguments],
) -> "Predictor": ...


@overload
def load(
    name: str | os.PathLike,
    pretrained: bool = ...,
    *,
    features_only: bool,
    engine: None = ...,
    **arguments: Unpack[LoadArguments],
) -> "Model | Backbone": ...


def load(
    name: str | os.PathLike,
    pretrained: bool = False,
    *,
    weights: str | os.PathLike | None = None,
    num_classes: int | None = None,
    input_shape: tuple[int | None, ...] | None = None,
    exclude: str | Iterable[str] = (),
    rename: Rename = None,
    ema: bool = False,
    labels: Iterable[str] | None = None,
    preprocessing: Preprocessing | None = None,
    size: int | None = None,
    features_only: bool = False,
    levels: "Levels" = None,
    sum_rgb: bool = False,
    quiet: bool = False,
    engine: str | None = None,
    precision: str = "float32",
    threads: int | None = None,
    batch_size: int | None = None,
    end_points: str | Iterable[str] = (),
    calibrate: Any = None,
    floor: float | None = None,
    network_arguments: Mapping[str, Any] = MappingProxyType({}),
    **arguments: Any,
) -> "Model | Backbone | Predictor":
    """Returns the network `name` as a slimzoo.Model, or as a Backbone: a keras.Model in either case.

    With `engine` it is a Predictor, which is for inference alone and faster; no Keras variable is made.

    Args:
      name: a name of list_models(), with "name.tag" (or "name/tag") for certain weights; or what fine-tuning
        left behind: a folder or a .safetensors file; or "hf://user/repo@revision", which holds such a file;
        or a .keras file, without further arguments.
      pretrained: takes the released weights: fetched once, verified, kept.
      weights: a tag of the manifest, or a file in any readable format.
      num_classes: where it is not the weights', the last layer is new.
      exclude: scopes that are new though the weights have them, and tensors of the file to leave aside: in
        slim's names, or the file's after `rename`.
      rename: {prefix or whole name in the file: what it becomes}, or a function of the name; before names of
        another library are recognised. Several networks in one file: {"tower_0": ""} says which is meant.
      ema: takes the moving averages in the file in place of the plain values.
      labels, preprocessing: in place of what comes with the weights.
      size: of the images that preprocess() makes, pixels, in place of the weights'.
      features_only: returns a Backbone, from images to their map at each reduction; the last layer is left
        out, and what no map is computed from is frozen.
      levels: of the Backbone: reductions or end points, in place of every reduction above 1.
      sum_rgb: for input_shape (height, width, 1) and weights of colour images: the kernels of the first
        convolution are summed, so that a gray image is to it what it was in three equal channels.
      quiet: says nothing about a new last layer.
      engine, precision, threads, batch_size, end_points, calibrate, floor: of the Predictor, as
        Model.compiled() takes them; of 8 bits a Model is made on the way.
      arguments: passed on to Model and the network function (data_format, dtype, dropout_keep_prob, ...).
      network_arguments: the same by name, for a function of your own whose arguments no type checker knows.
    Raises: SlimzooError: no such network, tag or file; weights that do not fit. FileNotFoundError.
    """
    given = dict(locals())
    if levels is not None and not features_only:
        raise SlimzooError("levels are those of a backbone: add features_only=True")
    arguments |= network_arguments
    compile_as = compiling(given, _again, arguments, features_only)
    if Path(name).suffix == ".keras":
        settings = (weights, num_classes, input_shape, exclude, rename, ema, labels, preprocessing, size)
        whole = _whole(Path(name), (*settings, features_only, sum_rgb, arguments))
        return whole if compile_as is None else compile_as.whole(whole)
    _refuse_keras_arguments(name, arguments)  # before anything is fetched
    wanted = Wanted(
        num_classes=0 if features_only and num_classes is None else num_classes,
        input_shape=input_shape,
        exclude=Scopes(exclude),
        labels=labels,
        preprocessing=preprocessing,
        size=size,
        sum_rgb=sum_rgb,
    )
    network, source = find(name, pretrained, weights)
    directly = None if compile_as is None or compile_as.wants_model else compile_as
    if source is None:
        model = _made(plan_new(network, wanted), arguments, directly)
    else:
        others = _of_the_network(arguments)
        contents = open_contents(source, network, ema, rename, wanted.exclude, others)
        plan = plan_for(network, source, contents, replace(wanted, exclude=contents.exclude))
        model = _filled(plan, source, contents, Fill(sum_rgb, quiet, directly), arguments)
    if compile_as is not None and directly is None:
        return compile_as.whole(model)
    return _backbone(model, levels) if features_only else model


def _refuse_keras_arguments(name: str | os.PathLike, arguments: Mapping[str, Any]) -> None:
    if not arguments:
        return
    from slimzoo.registry import networks
    from slimzoo.tracing.parts import keras_arguments

    network = networks().get(str(name).partition("/")[0].partition(".")[0])
    if network and (problems := keras_arguments(network.build, arguments)):
        raise SlimzooError(listing(f"{network.name} cannot be loaded so:", problems))


@dataclass(frozen=True)
class Fill:
    """How the variables are filled: what load() is told beside the plan."""

    sum_rgb: bool
    quiet: bool
    compile_as: Compiling | None  # None: a Model


def _filled(
    plan: Plan, source: Source, contents: Contents, fill: Fill, arguments: Mapping[str, Any]
) -> "Model | Predictor":
    """Makes the Model, or Predictor, of `plan` with the values in `contents`."""
    from slimzoo.restoring import fitting

    own = _network_arguments(plan.network.name, source, contents.name_map or source.name_map, arguments)
    if contents.arguments:
        log.info("%s: built with %s, as %s is", plan.network.name, worded(contents.arguments), source.where)
    arguments = {**contents.arguments, **own, "multi_label": plan.multi_label, **arguments}
    discovery = _built_as_said(plan, source, arguments)
    shapes = {spec.name: spec.shape for spec in discovery.variables.values()}
    absent = plan.absent_among(shapes)
    exclude = Scopes((*plan.exclude, *absent), plan.exclude.option)
    values, report = fitting.fit(
        contents.variables, shapes, exclude, fill.sum_rgb, network=plan.network.name, hint=contents.hint
    )
    report = replace(report, unused=(*report.unused, *contents.unused))
    model = _made(plan, arguments, fill.compile_as, discovery, values)
    values.check_finite(source.where)
    model.restore_report, model.provenance = report, source.provenance
    if (warning := plan.warning(absent)) and not fill.quiet:
        log.warning("%s", warning)
    if contents.left_out:
        log.info("%s: left out of %s: %s", plan.network.name, source.where, dict(contents.left_out))
    return model


def _network_arguments(
    network: str, source: Source, name_map: NameMap | None, given: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Returns those of the network that the weights are for; warns of what is `given` in their place.

    They are those that the file says, else those that the map of its names knows.
    """
    if source.arguments is not None:
        return source.arguments
    if name_map is None:
        return {}
    own = name_map.arguments
    if changed := {name: given[name] for name in own if name in given and given[name] != own[name]}:
        log.warning(
            "%s: built with %s, and %s computes with %s: other numbers. %s",
            *(network, worded(changed), name_map.library, worded(own), name_map.note),
        )
    elif own:
        log.info("%s: built with %s, as %s computes", network, worded(own), name_map.library)
    return own


def _of_the_network(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what of `arguments` its function takes, and not the Model."""
    return {name: value for name, value in arguments.items() if name not in _OTHERS}


def _built_as_said(plan: Plan, source: Source, arguments: Mapping[str, Any]) -> "Discovery":
    """Returns what _discovered() does.

    Raises: SlimzooError: it cannot be built, perhaps for what the file of `source` says of its arguments.
    """
    said = source.arguments or {}
    if wrong := [name for name in said if name in _OTHERS]:
        raise SlimzooError(
            f"{source.where} names {', '.join(wrong)} among the arguments of {plan.network.name}, whose "
            "function takes none of that name; save or convert it again"
        )
    try:
        return _discovered(plan, arguments)
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        if not said:
            raise
        raise SlimzooError(
            f"{plan.network.name} cannot be built: {error}\n{source.where} says that it is built with "
            f"{shown(worded(said))}; if that is damaged, save or convert it again"
        ) from error


def _discovered(plan: Plan, arguments: Mapping[str, Any]) -> "Discovery":
    """Returns what the network of `plan` is made of, with what of `arguments` is not the Model's own."""
    from slimzoo.model.binding import refuse_session_graph
    from slimzoo.tracing.parts import discover_parts

    refuse_session_graph()
    return discover_parts(_parts(plan, arguments))


def _parts(plan: Plan, arguments: Mapping[str, Any]) -> "Parts":
    from slimzoo.tracing.parts import resolve

    others = {name: value for name, value in arguments.items() if name not in MODEL_SETTINGS}
    scope, data_format = others.pop("arg_scope", None), others.pop("data_format", "NHWC")
    return resolve(plan.network.name, plan.num_classes, plan.input_shape, scope, data_format, others)


def _made(
    plan: Plan,
    arguments: Mapping[str, Any],
    compile_as: Compiling | None,
    discovery: "Discovery | None" = None,
    values: Mapping[str, Any] | None = None,
) -> Any:
    """Returns the Model, or the Predictor that `compile_as` says."""
    if compile_as is not None:
        found = discovery or _discovered(plan, arguments)
        return compile_as.predictor(plan, arguments, _parts(plan, arguments), found, values)
    from slimzoo.model.model import Model

    return Model(
        plan.network.name,
        plan.num_classes,
        plan.input_shape,
        labels=plan.labels,
        preprocessing=plan.preprocessing,
        discovery=discovery,
        initial_values=values,
        **{"label_offset": plan.label_offset, **arguments},
    )


def _again(name: str, given: Mapping[str, Any], digest: str) -> "Predictor":
    """Loads a Predictor that was pickled."""
    return check_digest(load(name, **given), digest)


def _backbone(model: "Model", levels: "Levels") -> "Backbone":
    """Returns the backbone of a model that nobody else has; what it does not need stays as it is."""
    backbone = model.backbone(levels)
    model.freeze(backbone.unneeded_scopes())
    return backbone


def _whole(path: Path, others: Iterable[Any]) -> Any:
    """Returns the model of a .keras file. Keras opens it too, once slimzoo.model is imported."""
    import keras

    if any(value not in (None, (), {}, False) for value in others):
        raise SlimzooError(
            f"{path} is a whole model, saved by Keras: it takes no weights and no other arguments"
        )
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    import slimzoo.model  # noqa: F401  # which makes our classes known to Keras

    converters.read(path)  # which says what is wrong with it; Keras trusts what it opens
    return keras.models.load_model(path)
