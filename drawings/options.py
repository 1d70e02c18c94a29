"""What a caller says about a drawing beside the drawing itself."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller knows; None where the drawing and its file name are to say it."""

    source_code: str | None = None
    """22-character source code (HJ 608-2017)."""
    drawing_kind: str | None = None
    """A plan, B process, C monitoring, D risk."""
    mapping: str | None = None
    """YAML text: what layers, blocks and texts mean where the drawing does not follow the norm."""
    gcp: str | None = None
    """CSV text: control points."""
    crs: str | None = None
    """CRS of the drawing's coordinates, such as `EPSG:4545`."""
    registered: tuple[float, float] | None = None
    """Longitude and latitude (EPSG:4490, degrees) of the enterprise."""

    def texts(self) -> dict[str, str]:
        """Return what has to be kept beside the file so that it is read the same way again."""
        return {name: value for name in KEPT if (value := getattr(self, name)) is not None}


KEPT = ("drawing_kind", "mapping", "gcp", "crs")


def options_of(texts: Mapping[str, str]) -> Options:
    """Return the options of which `Options.texts` were kept."""
    return Options(drawing_kind=texts.get("drawing_kind"), mapping=texts.get("mapping"), gcp=texts.get("gcp"), crs=texts.get("crs"))
