"""The values of one model given to another of the same network."""

from slimzoo.model.model import Model


def copy_values(source: Model, target: Model) -> None:
    """Gives `target` the values of `source`, which may be the same.

    Where several processes train `source`, all must call this at once: its averages are those of all.
    """
    if source is target:
        return
    values = source.variables_by_name
    for name, variable in target.variables_by_name.items():
        variable.assign(values[name].numpy())
