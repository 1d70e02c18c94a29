"""All parts of the kit, by name."""

from collections.abc import Iterable
from dataclasses import fields

from gis.errors import Invalid
from models3d.kit.adsorber import Adsorber
from models3d.kit.baghouse import Baghouse
from models3d.kit.basement import Basement
from models3d.kit.buried_tank import BuriedTank
from models3d.kit.cabin import Cabin
from models3d.kit.clarifier import Clarifier
from models3d.kit.column import Column
from models3d.kit.conveyor import Conveyor
from models3d.kit.cooling_tower import CoolingTower
from models3d.kit.dike import Dike
from models3d.kit.drum_store import DrumStore
from models3d.kit.fixed_roof_tank import FixedRoofTank
from models3d.kit.flare import Flare
from models3d.kit.floating_roof_tank import FloatingRoofTank
from models3d.kit.gas_holder import GasHolder
from models3d.kit.house import House
from models3d.kit.hydrant import Hydrant
from models3d.kit.kiln import Kiln
from models3d.kit.lying_tank import LyingTank
from models3d.kit.manhole import Manhole
from models3d.kit.mast import Mast
from models3d.kit.outfall import Outfall
from models3d.kit.oxidiser import Oxidiser
from models3d.kit.piece import Part
from models3d.kit.pipe_rack import PipeRack
from models3d.kit.pipe_run import PipeRun
from models3d.kit.pond import Pond
from models3d.kit.precipitator import Precipitator
from models3d.kit.pump import Pump
from models3d.kit.scrubber import Scrubber
from models3d.kit.silo import Silo
from models3d.kit.sphere import Sphere
from models3d.kit.stack import Stack

MOST = 10_000.0
"""No part is so large."""
PARTS: dict[str, type[Part]] = {
    "adsorber": Adsorber, "baghouse": Baghouse, "basement": Basement, "buried_tank": BuriedTank, "cabin": Cabin, "clarifier": Clarifier,
    "column": Column, "conveyor": Conveyor, "cooling_tower": CoolingTower, "dike": Dike, "drum_store": DrumStore,
    "fixed_roof_tank": FixedRoofTank, "flare": Flare, "floating_roof_tank": FloatingRoofTank, "gas_holder": GasHolder, "house": House,
    "hydrant": Hydrant, "kiln": Kiln, "lying_tank": LyingTank, "manhole": Manhole, "mast": Mast, "outfall": Outfall, "oxidiser": Oxidiser,
    "pipe_rack": PipeRack, "pipe_run": PipeRun, "pond": Pond, "precipitator": Precipitator, "pump": Pump, "scrubber": Scrubber,
    "silo": Silo, "sphere": Sphere, "stack": Stack,
}  # fmt: skip
"""Name → part, all sizes of which have a usual value."""


def made(name: str, settings: Iterable[str] = ()) -> Part:
    """Return a part with some of its parameters set.

    Parameters
    ----------
    name : str
    settings : iterable of str
        `parameter=value` each.

    Raises
    ------
    gis.errors.Invalid
        No such part or parameter, or the value is none.
    """
    if name not in PARTS:
        raise Invalid("part", f"没有部件 {name:.40}；可用的有 {'、'.join(PARTS)}")
    usual = PARTS[name]()
    known = {one.name: getattr(usual, one.name) for one in fields(usual)}  # type: ignore[arg-type]
    changed: dict[str, object] = {}
    for setting in settings:
        parameter, _, text = setting.partition("=")
        if parameter not in known or not isinstance(known[parameter], (int, float, str)):
            raise Invalid("set", f"{name} 没有参数 {parameter:.40}；可用的有 {'、'.join(known)}")
        try:
            value = type(known[parameter])(text)
        except ValueError as error:
            raise Invalid(parameter, f"应为数字，不是“{text:.40}”") from error
        if not isinstance(value, str) and not 0 < value < MOST:
            raise Invalid(parameter, f"应大于 0，小于 {MOST:g}")
        changed[parameter] = value
    return PARTS[name](**changed)
