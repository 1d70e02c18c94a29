"""The checksum of HJ 212 (HJ 212-2017, annex A), and that of Modbus, with which some loggers send by mistake.

The standard shifts the register down by a byte before it mixes in the next one, so that of its 16 bits only the upper 8 go on from byte to
byte. That step is linear and its eighth power is the identity: bytes eight apart have the same say. A segment may therefore be folded to
eight bytes by XOR first, and only those are worked through: the same value, about two hundred times as fast. (It is also why the
checksum finds so few of the faults that it should: see docs/feeds.zh.md.)
"""

POLYNOMIAL = 0xA001
WORD = 64
"""Bits after which the step repeats."""


def _remainder(byte: int) -> int:
    register = byte
    for _ in range(8):
        register = (register >> 1) ^ POLYNOMIAL if register & 1 else register >> 1
    return register


TABLE = tuple(map(_remainder, range(256)))
"""What a register whose value is the index becomes in eight steps."""


def _folded(value: int, bits: int) -> int:
    """XOR all words of a number into one."""
    while bits > WORD:
        half = (bits // 2 + WORD - 1) // WORD * WORD
        value = (value >> half) ^ (value & ((1 << half) - 1))
        bits = half
    return value


def hj212(segment: bytes) -> int:
    """Return the checksum of a data segment.

    Parameters
    ----------
    segment : bytes
        All between the length and the checksum.

    Notes
    -----
    HJ 212-2017, annex A: ``r = 0xFFFF; for b: r = (r >> 8) ^ b; 8 times: r = r >> 1, ^ 0xA001 where a one fell out``.

    >>> f"{hj212(b''):04X}"
    'FFFF'
    """
    if not segment:
        return 0xFFFF
    size = len(segment) * 8
    # The register begins with 0xFF in its upper half, which is mixed into the first byte.
    value = _folded(int.from_bytes(segment, "big") ^ (0xFF << (size - 8)), size)
    register = 0
    for byte in value.to_bytes(8, "big"):
        register = TABLE[(register >> 8) ^ byte]
    return register


def modbus(segment: bytes) -> int:
    """Return the Modbus checksum of a segment (CRC-16, polynomial 0xA001 reflected, start 0xFFFF)."""
    register = 0xFFFF
    for byte in segment:
        register = (register >> 8) ^ TABLE[(register ^ byte) & 0xFF]
    return register
