"""Model: a keras.Model that hosts a network function; its features, its files, its exports."""

from slimzoo.model.model import Model

__all__ = ["Model"]
