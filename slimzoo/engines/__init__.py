"""Engines that run a frozen network, a row each; TensorFlow is imported when one is opened."""

from slimzoo.engines.opening import open_engine
from slimzoo.engines.rows import AUTO, ENGINES, MOST, PRECISIONS, Engine, Settings, settle

__all__ = ["AUTO", "ENGINES", "MOST", "PRECISIONS", "Engine", "Settings", "open_engine", "settle"]
