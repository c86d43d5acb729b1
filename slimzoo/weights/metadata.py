"""What a weight file says of itself in its metadata: which fields there are, and what each may be."""

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

from slimzoo.errors import SlimzooError
from slimzoo.files import schema
from slimzoo.files.schema import Damaged, Field, Schema, in_text
from slimzoo.labels import SETS, named

if TYPE_CHECKING:
    from slimzoo.preprocessing import Preprocessing

_ADVICE = "it was changed by hand, or is damaged; save or convert it again"


def _preprocessing() -> Field:
    def taken(value: Any) -> "Preprocessing":
        from slimzoo.preprocessing import Preprocessing  # imports TensorFlow

        values = schema.parse(value)
        try:
            return Preprocessing.from_dict(values)
        except (AttributeError, TypeError) as error:  # a list or an object where a word should be
            raise ValueError(str(error)) from error

    return Field("an object with kind, size and what the kind needs", taken)


_NAME = schema.text(r"[^\x00-\x1f\x7f]{1,255}", "a name")
_NAMES = schema.list_of(schema.text())
_OBJECT = schema.dict_of(schema.anything())
SETTINGS: Schema = {  # of a run: what is read of them
    "model": _NAME,
    "weights": schema.either(schema.text(), schema.nothing()),
}
FIELDS: Schema = {  # nothing must be there: a file may say as little as it likes
    "network": _NAME,
    "tag": schema.text(),
    "weights_row": schema.text(),
    "trained": schema.text("true|false", "true or false"),
    "trained_steps": in_text(schema.whole()),
    "new": in_text(_NAMES),
    "absent": in_text(_NAMES),
    "num_classes": in_text(schema.whole(0, 10**7)),
    "label_offset": in_text(schema.whole(0, 1)),
    "labels": in_text(schema.either(_NAMES, schema.text("|".join(SETS), ", ".join(SETS)))),
    "multi_label": in_text(schema.flag()),
    "image_size": in_text(schema.whole(1, 10**5)),
    "preprocessing": _preprocessing(),
    "network_arguments": in_text(_OBJECT),
    "slimzoo_settings": in_text(schema.shaped(SETTINGS)),
    "restored_fraction": in_text(schema.number(0, 1)),
    "parity": in_text(_OBJECT),
    "license": schema.text(),
    "source": schema.text(),
    "source_sha256": schema.text("[0-9a-f]{64}", "64 lower-case hexadecimal digits"),
}


def checked(metadata: Mapping[str, str], where: str | PathLike) -> dict[str, Any]:
    """Returns what the weight file `where` says of itself, as values; fields that nobody reads are left out.

    Raises: Damaged: a field cannot be, or they do not fit together; all of them are named.
    """
    about = schema.take(dict(metadata), FIELDS, where, _ADVICE)
    classes, named = about.get("num_classes"), _count(about)
    if classes and named not in (None, classes):
        raise Damaged(f"{where} says that it has {classes} classes, and names {named}; {_ADVICE}")
    return about


def _count(about: Mapping[str, Any]) -> int | None:
    """Returns how many classes have a name, None where nothing is said of them."""
    labels = about.get("labels")
    if labels == "imagenet":
        return 1000 + about.get("label_offset", 0)
    return None if labels is None else len(named(labels))


def said_by(metadata: Mapping[str, str], where: str | PathLike) -> dict[str, Any]:
    """Returns what checked() does; of another program's file, which names no network, the fields that can be.

    Raises: Damaged: it is of slimzoo's making, and not as slimzoo writes it.
    """
    if "network" in metadata:
        return checked(metadata, where)
    return checked({name: value for name, value in metadata.items() if _can_be(name, value)}, where)


def _can_be(name: str, value: str) -> bool:
    return name in FIELDS and not schema.problems({name: value}, {name: FIELDS[name]})


def settings_of(metadata: Mapping[str, str]) -> dict[str, Any]:
    """Returns the settings of the run that made weights with this metadata, {} where none did.

    Raises: SlimzooError: they cannot be.
    """
    try:
        return FIELDS["slimzoo_settings"](metadata.get("slimzoo_settings", "{}"))
    except ValueError as error:
        raise SlimzooError(f"the weights' slimzoo_settings cannot be read ({_ADVICE})") from error
