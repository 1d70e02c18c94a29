"""From the facts to a sheet: which drawing is composed how, and when a printed one is still the same."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import shapely

from drawings.process.elk import LayoutFailed
from drawings.process.layout import Problem, Solve
from drawings.sheets.flow import flow
from drawings.sheets.inks import Sheet
from drawings.sheets.monitoring import monitoring
from drawings.sheets.plan import plan
from drawings.sheets.risk import risk
from gis.models.feature import Feature
from gis.models.sheet import Kind, SheetFacts
from styles.palette import Theme

MAPS: Mapping[Kind, Callable[[SheetFacts, Theme, str], Sheet]] = {"A": plan, "C": monitoring, "D": risk}


def unsolved(_: Problem) -> Problem:
    """Lay nothing out: a process whose stored places do not stand has no picture then."""
    raise LayoutFailed("没有排版程序")


def compose(facts: SheetFacts, kind: Kind, theme: Theme, base_url: str, solve: Solve = unsolved) -> Sheet:
    """Return a sheet of an enterprise.

    Parameters
    ----------
    facts : SheetFacts
        As `gis.store.sheets.sheet_facts` reads them.
    kind : str
        A plan, B process, C monitoring, D risk.
    theme : str
        `light` in colour, `print-bw` in black and white.
    base_url : str
        Address of the panorama.
    solve : callable
        Lays a process out (`drawings.process.elk.Elk.lay_out`), where the stored one does not stand as it was laid out.
    """
    return flow(facts, theme, base_url, solve) if kind == "B" else MAPS[kind](facts, theme, base_url)


def press(theme: Theme, base_url: str) -> str:
    """Return what every printed sheet hangs on beside the facts: the program that draws it, and what that is told."""
    return hashlib.sha256(_program() + repr((theme, base_url)).encode()).hexdigest()


def digests(facts: SheetFacts, kinds: Iterable[Kind], theme: Theme, base_url: str) -> dict[Kind, str]:
    """Return what each printed sheet hangs on: the same digest, the same bytes.

    Alarms, readings and cases are left out: no sheet shows them.
    """
    told = hashlib.sha256(press(theme, base_url).encode())
    for feature in (facts.enterprise, *facts.features, *facts.around):
        told.update(_feature(feature))
    issued = sorted((name, repr(issue)) for name, issue in facts.issued.items())
    told.update(repr((facts.county, facts.permit_version, facts.process, facts.permit, issued)).encode())
    found: dict[Kind, str] = {}
    for kind in kinds:
        one = told.copy()
        one.update(kind.encode())
        found[kind] = one.hexdigest()[:32]
    return found


def digest(facts: SheetFacts, kind: Kind, theme: Theme, base_url: str) -> str:
    """Return what one printed sheet hangs on, as `digests`."""
    return digests(facts, (kind,), theme, base_url)[kind]


def _feature(feature: Feature) -> bytes:
    shape = b"" if feature.geom is None else shapely.to_wkb(feature.geom)
    rest = (feature.feature_id, feature.kind, feature.code, feature.name, feature.recorded_from, sorted(feature.attributes.items()))
    return shape + repr(rest).encode()


@cache
def _program() -> bytes:
    """Return a digest of the program that draws: another version may draw otherwise."""
    told = hashlib.sha256()
    for package in ("drawings.sheets", "drawings.process", "styles"):
        for path, file in sorted(_sources(files(package))):
            told.update(path.encode() + file.read_bytes())
    return told.digest()


def _sources(folder: Traversable, path: str = "") -> Iterator[tuple[str, Traversable]]:
    for one in folder.iterdir():
        if one.is_dir():
            yield from _sources(one, f"{path}{one.name}/")
        elif one.name.endswith((".py", ".yaml")):
            yield f"{path}{one.name}", one
