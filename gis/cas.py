"""CAS registry numbers and their check digit."""

import re

FORM = re.compile(r"^(\d{2,7})-(\d{2})-(\d)$")
DASHES = str.maketrans("‐‑–—−－", "------")


def cas_of(text: str) -> str | None:
    """Return a CAS registry number as it is written; None where it is none.

    The last digit is the sum of the others, counted from the right and each multiplied by its place, modulo 10 (CAS, "Check Digit
    Verification of CAS Registry Numbers").

    >>> cas_of(" 7664－41－7 "), cas_of("7664-41-8"), cas_of("氨")
    ('7664-41-7', None, None)
    """
    said = text.strip().translate(DASHES)
    found = FORM.match(said)
    if not found:
        return None
    digits = found.group(1) + found.group(2)
    total = sum(place * int(digit) for place, digit in enumerate(reversed(digits), 1))
    return said if total % 10 == int(found.group(3)) else None
