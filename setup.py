"""The packages, where they lie: converters/ and weights_manifest/ stand beside slimzoo/ and belong in it."""

from setuptools import find_namespace_packages, find_packages, setup

setup(
    packages=[
        *find_packages(include=["slimzoo", "slimzoo.*"]),
        *(f"slimzoo.{name}" for name in find_packages(include=["converters", "converters.*"])),
        *(f"slimzoo.{name}" for name in find_namespace_packages(include=["weights_manifest"])),
    ]
)
