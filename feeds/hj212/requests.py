"""What the platform may ask of a logger: history, its clock, its intervals; ready for `Dialogue.ask`."""

from datetime import datetime
from typing import Literal

from feeds.hj212.packet import Edition, Packet, stamp

VERSION = {Edition.HJT_2005: 0, Edition.HJ_2017: 1, Edition.HJ_2025: 2, Edition.SURFACE_WATER: 2}
"""Version bits of the flag."""
HISTORY = {"day": "2031", "minute": "2051", "hour": "2061"}


def to(mn: str, *, st: str, pw: str, edition: Edition, cn: str, cp: str = "") -> Packet:
    """Return a command for a device that wants an answer; its number comes when it is sent."""
    return Packet(st=st, cn=cn, pw=pw, mn=mn, flag=VERSION.get(edition, 1) << 2 | 1, cp=cp)


def history(of: Packet, period: Literal["day", "minute", "hour"], begin: datetime, end: datetime) -> Packet:
    """Return the request to send again what a device measured from `begin` to `end` (2031, 2051, 2061), as it itself last spoke."""
    cp = f"BeginTime={stamp(begin)};EndTime={stamp(end)}"
    return to(of.mn, st=of.st, pw=of.pw, edition=of.edition, cn=HISTORY[period], cp=cp)


def set_clock(of: Packet, now: datetime) -> Packet:
    """Return the command that sets a logger's clock (1012)."""
    return to(of.mn, st=of.st, pw=of.pw, edition=of.edition, cn="1012", cp=f"SystemTime={stamp(now)}")
