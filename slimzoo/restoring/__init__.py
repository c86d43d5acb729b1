"""From a weight file to the variables of a network, and from a weight file to the network it is of."""
