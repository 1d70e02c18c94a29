"""Memory that the C library keeps for itself."""

import ctypes


def give_back() -> None:
    """Give what is free inside this process back to the system; glibc keeps up to 64 MB for the next large array (malloc_trim(3))."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
