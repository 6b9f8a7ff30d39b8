"""The fused kernels of layers and losses, each beside the composition that it stands for.

A kernel here needs a measured reason; the times are medians of one thread of a Xeon, float32.
"""
