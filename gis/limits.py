"""What reading one file may take; light, for those who only start it."""

from dataclasses import dataclass

MAX_BYTES = 256 * 1024 * 1024
"""Largest file that is opened; a plant's drawing has a few megabytes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Memory and time of the child process that reads."""

    memory_bytes: int = 1024**3
    """Of the child as a whole."""
    deadline_s: float = 60.0
    """By the clock, with the start of the child."""
