"""An HJ 212 parser as it is usually written: a regular expression over the text, the checksum bit by bit, the length trusted."""

import re

PACKET = re.compile(r"##(\d{4})(.*?CP=&&(.*?)&&)([0-9A-Fa-f]{4})\r\n")


def crc(segment: str) -> int:
    """Return the checksum, word for word as the standard has it."""
    register = 0xFFFF
    for byte in segment.encode():
        register = (register >> 8) ^ byte
        for _ in range(8):
            fell = register & 1
            register >>= 1
            if fell:
                register ^= 0xA001
    return register


def parse(text: str) -> list[tuple[dict[str, str], dict[str, dict[str, str]]]]:
    """Return fields and factors of the sound packets of a text."""
    found = []
    for length, segment, cp, told in PACKET.findall(text):
        if len(segment) != int(length) or crc(segment) != int(told, 16):
            continue
        fields = dict(part.split("=", 1) for part in segment[: segment.index("CP=")].split(";") if "=" in part)
        factors: dict[str, dict[str, str]] = {}
        for item in cp.split(";"):
            for pair in item.split(","):
                if "=" not in pair:
                    continue
                name, value = pair.split("=", 1)
                code, _, statistic = name.partition("-")
                factors.setdefault(code, {})[statistic] = value
        found.append((fields, factors))
    return found
