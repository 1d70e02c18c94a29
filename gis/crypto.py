"""National cryptography: SM3 digests and SM4 blocks (GB/T 32905-2016, GB/T 32907-2016), by OpenSSL."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 16
"""Bytes of a block and of a key of SM4."""


def sm3(*parts: bytes) -> bytes:
    """Return the SM3 digest of some bytes, 32 bytes.

    >>> sm3(b"abc").hex()[:16]
    '66c7f0f462eeedd9'
    """
    digest = hashes.Hash(hashes.SM3())
    for part in parts:
        digest.update(part)
    return digest.finalize()


def sm4_blocks(key: bytes, data: bytes, *, encrypt: bool) -> bytes:
    """Encrypt or decrypt whole blocks by SM4 in ECB mode, without padding; both must be a multiple of 16 bytes, the key 16."""
    cipher = Cipher(algorithms.SM4(key), modes.ECB())  # noqa: S305 — the mode that HJ 212-2025 asks for
    way = cipher.encryptor() if encrypt else cipher.decryptor()
    return way.update(data) + way.finalize()
