"""The bureau's clock."""

from datetime import datetime, timedelta, timezone

from gis.errors import Invalid

BEIJING = timezone(timedelta(hours=8))
"""China has one time, without summer time."""


def time_of(name: str, text: str) -> datetime:
    """Return the time that a parameter says, aware; without an offset it is Beijing's.

    >>> time_of("from", "2026-03-01T08:00").isoformat()
    '2026-03-01T08:00:00+08:00'

    Raises
    ------
    Invalid
        It is none.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(name, "应为时间，如 2026-03-01T08:00（北京时间）") from error
    return at if at.tzinfo else at.replace(tzinfo=BEIJING)


def during(begin: datetime, end: datetime, days_most: int, name: str = "to") -> tuple[datetime, datetime]:
    """Return a time that may be asked for; raises Invalid where it is empty or longer than so many days; `name`: the end's parameter."""
    if end <= begin:
        raise Invalid(name, "应晚于 from")
    if end - begin > timedelta(days=days_most):
        raise Invalid(name, f"一次最多查 {days_most} 天")
    return begin, end
