"""The unified social credit code (统一社会信用代码) and what a discharger's code makes of it."""

import re

LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Of a credit code: no I, O, S, V, Z (GB 32100-2015, 4.2)."""
SITE = re.compile(r"\d{3}[A-Z]")
"""What a discharger's code has beyond the credit code: number of the site, kind of permit (HJ 608-2017, 5.2)."""


def check_character(code: str) -> str:
    """Return the check character of the first 17 characters of a credit code (GB 32100-2015, 4.6).

    >>> check_character("91511703MADEMA000")
    'P'
    """
    total = sum(LETTERS.index(letter) * pow(3, place, 31) for place, letter in enumerate(code))
    return LETTERS[(31 - total % 31) % 31]


def holds(code: str) -> bool:
    """Return whether a text is a credit code with the right check character.

    >>> holds("91130200699229617X"), holds("91130200699229611X")
    (True, False)
    """
    return len(code) == 18 and all(letter in LETTERS for letter in code) and check_character(code[:17]) == code[17]


def source_code_holds(code: str) -> bool:
    """Return whether a text is the code of a discharger: a credit code that holds, and a site (HJ 608-2017, 5.2).

    >>> source_code_holds("91511703MADEMA000P001P"), source_code_holds("91511703MADEMA000P01P")
    (True, False)
    """
    return holds(code[:18]) and SITE.fullmatch(code[18:]) is not None
