"""Model: a keras.Model that hosts a network function; its features, its files, its exports."""

from slimzoo.model.graph_images import Preprocess
from slimzoo.model.model import Model

__all__ = ["Model", "Preprocess"]
