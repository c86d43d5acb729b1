"""Machines that train together: who they are, what they say to each other, what a step sends."""
