"""Codes with right check digits: unified social credit code (GB 32100-2015), source code of a discharger (HJ 608-2017)."""

from gis.credit_code import check_character

ORGANISATION = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
"""GB 11714-1997, 3.2."""


def organisation_check(code: str) -> str:
    """Return the check character of eight characters of an organisation code (GB 11714-1997).

    >>> organisation_check("MADEMA00")
    '0'
    """
    total = sum(weight * ORGANISATION.index(letter) for weight, letter in zip(ORGANISATION_WEIGHTS, code, strict=True))
    return "0123456789X0"[11 - total % 11]


def credit_code(county: str, number: int, *, institution: bool = False) -> str:
    """Return an invented credit code: a firm's (91), or a public institution's (12).

    Parameters
    ----------
    county : str
        GB/T 2260 code, six digits.
    number : int
        Of the enterprise, from 0; the organisation code says DEM and this number.
    institution : bool
        Whether it is a public institution.
    """
    organisation = f"DEM{number:05d}"
    body = f"{'12' if institution else '91'}{county}{organisation}{organisation_check(organisation)}"
    return body + check_character(body)


def source_code(credit: str, site: int = 1) -> str:
    """Return the code of a discharger with a permit: credit code, number of its site, P (HJ 608-2017, 5.2)."""
    return f"{credit}{site:03d}P"
