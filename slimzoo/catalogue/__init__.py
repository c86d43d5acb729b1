"""What there is: every network with its sizes and weights, and networks beside each other."""
