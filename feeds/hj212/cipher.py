"""Encryption of parameters in the 2025 edition: SM4-ECB without padding.

The 2025 text was not at hand: this is as public code and notes quote it (6.4.2, A.2). Of the parameters only whole groups of 16 bytes are
encrypted, and the rest stays plain; the cipher is written as `{0xE4,0x3E,…}` before it; the checksum is that of the plain segment.
"""

import re

from gis.crypto import BLOCK, sm4_blocks
from gis.errors import Invalid

WRITTEN = re.compile(r"\{(0x[0-9A-Fa-f]{1,2}(?:,0x[0-9A-Fa-f]{1,2})*,?)\}")
TEST_KEY = b"0" * BLOCK
"""The published key for trials."""
MUST = frozenset({"1014", "3020"})
"""Commands to encrypt beside those of data, 2000 to 2999."""


def keys_of(text: str) -> list[bytes]:
    """Return the keys of a text: 32 hexadecimal digits each, commas between them.

    Raises
    ------
    Invalid
        One is none.
    """
    try:
        keys = [bytes.fromhex(one) for one in text.split(",") if one.strip()]
    except ValueError:
        keys = [b""]
    if any(len(one) != BLOCK for one in keys):
        raise Invalid("key", "SM4 密钥应为 32 位十六进制，多个以逗号分开")
    return keys


def must_encrypt(cn: str) -> bool:
    """Whether the 2025 edition asks that the parameters of a command be encrypted on the internet."""
    return cn in MUST or (len(cn) == 4 and cn.startswith("2"))


def is_encrypted(cp: str) -> bool:
    """Whether parameters are written as cipher."""
    return cp.startswith("{0x")


def encrypted(key: bytes, cp: str) -> str:
    """Return parameters encrypted.

    >>> encrypted(TEST_KEY, "RtdInterval=30")
    'RtdInterval=30'
    """
    data = cp.encode()
    whole = len(data) // BLOCK * BLOCK
    if not whole:
        return cp
    # A character that lies across the border stays plain as a whole, so that the rest is text.
    while whole and data[whole : whole + 1] and data[whole] & 0xC0 == 0x80:
        whole -= BLOCK
    cipher = sm4_blocks(key, data[:whole], encrypt=True)
    return "{" + ",".join(f"0x{byte:02X}" for byte in cipher) + "}" + data[whole:].decode() if whole else cp


def decrypted(key: bytes, cp: str) -> str | None:
    """Return parameters in plain; None where they are no cipher of this key."""
    found = WRITTEN.match(cp)
    if not found:
        return None
    cipher = bytes(int(byte, 16) for byte in found[1].split(",") if byte)
    if len(cipher) % BLOCK:
        return None
    try:
        return sm4_blocks(key, cipher, encrypt=False).decode() + cp[found.end() :]
    except UnicodeDecodeError:
        return None
