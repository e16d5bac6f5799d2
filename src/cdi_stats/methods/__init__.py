"""Statistics of recording rates: arrays in, frozen results out. Numpy and scipy.special only."""
