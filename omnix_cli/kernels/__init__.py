"""The numeric kernels, each beside its reference implementation."""
