"""The packages, where they lie: converters/ and weights_manifest/ stand beside slimzoo/ and belong in it.

A folder of data alone is one too, as setuptools wants it: it would be left out otherwise.
"""

from setuptools import find_namespace_packages, setup


def below(name: str) -> list[str]:
    """Returns the packages of a folder of the checkout, itself the first."""
    return find_namespace_packages(include=[name, f"{name}.*"], exclude=["*__pycache__*"])


setup(
    packages=[
        *below("slimzoo"),
        *(f"slimzoo.{name}" for name in below("converters") + below("weights_manifest")),
    ]
)
