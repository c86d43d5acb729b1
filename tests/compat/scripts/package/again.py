import numpy as np

assert np.object is object
