"""Benchmarks: the time of one training step, by minigrad, by hand, and by each installed peer."""
