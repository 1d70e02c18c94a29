"""The bureau's clock."""

from datetime import timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
"""China has one time, without summer time."""
