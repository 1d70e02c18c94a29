"""Pinyin initials, by which people search names without an input method."""

from functools import lru_cache

from pypinyin import Style, lazy_pinyin


@lru_cache(maxsize=20_000)
def initials(name: str) -> str:
    """Return the initials of a name, lower case; letters and digits stay, all else falls away.

    Examples
    --------
    >>> initials("达州顺发钢铁有限公司（示范）")
    'dzsfgtyxgssf'
    """
    parts = lazy_pinyin(name, style=Style.FIRST_LETTER, errors="default")
    return "".join(letter for part in parts for letter in part.lower() if letter.isalnum() and letter.isascii())
