"""The published networks, a family a file: `from slimzoo.nets import vgg`."""
