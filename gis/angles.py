"""Angles as people write them: degrees, or degrees, minutes and seconds."""

import re
import unicodedata

ANGLE = re.compile(r"(\d{1,3}(?:\.\d+)?)°(?:(\d{1,2}(?:\.\d+)?)′(?:(\d{1,2}(?:\.\d+)?)″?)?)?")
MARKS = str.maketrans({"度": "°", "º": "°", "分": "′", "´": "′", "ʹ": "′", "'": "′", "’": "′", "秒": "″", '"': "″", "”": "″"})


def degrees(said: str) -> float:
    """Return an angle in degrees, written as a decimal or in degrees, minutes and seconds.

    >>> degrees("107.25"), degrees("107°15′"), degrees("107度15分36秒")
    (107.25, 107.25, 107.26)

    Raises
    ------
    ValueError
        It is neither.
    """
    # NFKC makes two minutes of a second.
    text = "".join(unicodedata.normalize("NFKC", said.translate(MARKS)).split()).replace("′′", "″").strip("EN东经北纬")
    found = ANGLE.fullmatch(text)
    if found is None:
        try:
            return float(text)
        except ValueError:
            raise ValueError(f"“{said}”应为度，如 107.4797912 或 107°28′47.2″") from None
    whole, minutes, seconds = (float(part or 0) for part in found.groups())
    if minutes >= 60 or seconds >= 60:
        raise ValueError(f"“{said}”的分、秒应小于 60")
    return whole + minutes / 60 + seconds / 3600
