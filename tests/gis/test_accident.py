"""Accidents as they are screened: plume and spill by published examples and by what must be kept, zones where the wind carries them."""

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.crs import lonlat_to_xy
from gis.errors import Invalid
from gis.rules import dispersion, spill
from gis.rules.accident import Release, advice, assumptions, away, quarter, release, zones
from gis.rules.dispersion import STABILITIES, Air, concentration, on_axis, outline, spread
from gis.rules.spill import River, passing, peak
from gis.rules.substances import substance, substances

AT = (107.5, 31.2)
AMMONIA = substance("NH3")


def at(x: float) -> np.ndarray:
    return np.array([x])


# D. B. Turner, Workbook of Atmospheric Dispersion Estimates (US EPA AP-26, 1970), chapter 7, problems 1 to 3, with the spreads read there.
def test_the_plume_is_that_of_the_workbook() -> None:
    dump = concentration(3.0, 7.0, (at(190.0), at(65.0)))
    refinery = concentration(80.0, 6.0, (at(36.0), at(18.5)), np.array([0.0, 50.0]), height_m=60.0)
    assert [float(f"{value:.2g}") for value in (*dump, *refinery)] == [1.1e-5, 3.3e-5, 1.3e-5]


def test_the_spreads_are_near_those_of_the_workbook() -> None:
    """The workbook's curves and Briggs' formulas agree within a third at stability D."""
    across, up = spread(np.array([500.0, 3000.0]), Air(stability="D"))
    assert across == pytest.approx([36.0, 190.0], rel=1 / 3)
    assert up == pytest.approx([18.5, 65.0], rel=1 / 3)


@pytest.mark.parametrize("stability", STABILITIES)
@pytest.mark.parametrize("urban", [False, True])
def test_what_escapes_flows_through_every_section(stability: dispersion.Stability, urban: bool) -> None:
    """The mass that passes an upright plane a second is what escapes a second, the lid included (integrated over half the height)."""
    air = Air(3.0, 90.0, stability, urban, lid_m=150.0)
    for x in (200.0, 1500.0):
        across, up = spread(at(x), air)
        y = np.linspace(-6 * across[0], 6 * across[0], 1201)
        z = np.linspace(0, air.lid_m, 601)
        folds = 2 * air.lid_m * np.arange(-60, 61)
        upward = np.exp(-0.5 * ((z[:, None] + folds) / up[0]) ** 2).sum(axis=1)
        ground = concentration(10.0, 3.0, (across, up), y, lid_m=air.lid_m)
        # The profile over the height, scaled to what the plume equation says at the ground.
        column = upward / upward[0]
        flux = 3.0 * np.trapezoid(ground, y) * np.trapezoid(column, z)
        assert flux == pytest.approx(10.0, rel=0.02)


AIRS = st.builds(Air, st.floats(0.5, 20), st.just(0.0), st.sampled_from(STABILITIES), st.booleans())


@settings(deadline=None, max_examples=40)
@given(AIRS, st.floats(0.001, 100), st.floats(0.1, 1e5), st.sampled_from([0.0, 30.0]))
def test_the_edge_of_a_zone_has_its_limit(air: Air, rate: float, limit: float, height: float) -> None:
    line = outline(1000 * rate, air, limit, height)
    if line is None:
        assert (on_axis(1000 * rate, air, np.geomspace(10, 10_000, 400), height) < limit).all()
        return
    inner = line[line[:, 1] > 0]
    edge = 1000 * concentration(1000 * rate, air.speed, spread(inner[:, 0], air), inner[:, 1], height_m=height, lid_m=air.lid_m)
    assert edge == pytest.approx(np.full(len(inner), limit), rel=1e-6)
    if line[-1, 0] < 9999:
        assert on_axis(1000 * rate, air, line[-1:, 0], height) == pytest.approx([limit], rel=0.02)


def test_zones_lie_downwind_and_within_each_other() -> None:
    air = Air(2.0, 225.0, "D")
    found = zones(release(AT, AMMONIA, rate_kg_s=2.0), air)
    assert [zone.level for zone in found] == [3, 2, 1]
    origin = lonlat_to_xy(np.array([AT]))[0]
    for inner, outer in pairwise(found):
        assert inner.reach_m < outer.reach_m
        assert shapely.difference(inner.shape, outer.shape).area < 1e-3 * inner.shape.area
    for zone in found:
        east, north = lonlat_to_xy(np.array([shapely.centroid(zone.shape).coords[0]]))[0] - origin
        # The wind comes from the south-west: the zone lies to the north-east.
        assert east > 0
        assert north == pytest.approx(east, rel=0.02)
        assert zone.shape.is_valid


def test_in_calm_air_a_zone_lies_all_around() -> None:
    (worst, *_) = zones(release(AT, AMMONIA, rate_kg_s=0.5), Air())
    flat = shapely.transform(worst.shape, lonlat_to_xy)
    assert flat.area == pytest.approx(np.pi * worst.reach_m**2, rel=0.01)
    assert away(10.0, Air()) == "北"
    assert "圆" in assumptions(release(AT, AMMONIA, rate_kg_s=0.5), Air())[1]


def test_people_go_across_the_wind_on_their_side() -> None:
    air = Air(3.0, 270.0, "D")
    assert quarter(90.0) == "东"
    assert away(80.0, air) == "北"
    assert away(100.0, air) == "南"
    assert "南" in advice(3, 100.0, air)
    assert "关闭门窗" in advice(1, 100.0, air)


def test_limits_are_in_mass_and_every_substance_is_found_by_all_its_names() -> None:
    # The figures that HJ 169-2018, annex H has for ammonia: 770 and 110 mg/m³.
    assert [AMMONIA.limit_mg_m3(level) for level in (3, 2)] == pytest.approx([770, 110], rel=0.02)
    for one in substances().values():
        for name in (one.name, one.cas, one.formula, *one.also):
            assert substance(name) is one
        given_limits = [limit for limit in one.aegl_ppm if limit is not None]
        assert given_limits == sorted(given_limits)
        first, second, check = one.cas.split("-")
        assert sum(place * int(digit) for place, digit in enumerate(reversed(first + second), 1)) % 10 == int(check)
    with pytest.raises(Invalid, match="可用的有"):
        substance("水")


@pytest.mark.parametrize(
    "given_",
    [
        {},
        {"rate_kg_s": 1.0, "amount_kg": 1.0},
        {"rate_kg_s": -1.0},
        {"amount_kg": 5.0, "minutes": 0.0},
        {"rate_kg_s": 1.0, "height_m": 1e9},
    ],
)
def test_what_is_no_release_is_refused(given_: dict[str, float]) -> None:
    with pytest.raises(Invalid):
        release(AT, AMMONIA, **given_)


def test_an_amount_is_a_rate_while_it_lasts() -> None:
    made = release(AT, AMMONIA, amount_kg=600.0, minutes=10.0)
    assert isinstance(made, Release)
    assert made.rate_kg_s == pytest.approx(1.0)
    assert "10 min" in "".join(assumptions(made, Air()))


RIVERS = st.builds(River, st.floats(1, 3000), st.floats(5, 500), st.floats(0.3, 20), st.just(0.001), st.floats(0, 2))


@settings(deadline=None, max_examples=25)
@given(RIVERS, st.floats(1, 1e5), st.floats(0.1, 48))
def test_the_river_carries_what_was_spilt(river: River, amount: float, hours: float) -> None:
    t = hours * 3600
    reach = 8 * np.sqrt(2 * river.spreading * t)
    x = np.linspace(river.speed * t - reach, river.speed * t + reach, 4001)
    carried = np.trapezoid(passing(amount, river, x, np.array(t)), x) * river.area_m2 / 1000
    assert carried == pytest.approx(amount * np.exp(-river.decay_1_d * hours / 24), rel=1e-4)


def test_the_peak_comes_with_the_water_and_falls() -> None:
    river = River(60.0, 60.0, 2.0)
    assert river.speed == pytest.approx(0.5)
    hours, strong = peak(1000.0, river, 1800.0)
    later, weak = peak(1000.0, river, 7200.0)
    assert (hours, later) == pytest.approx((1.0, 4.0))
    assert weak == pytest.approx(strong / 2)
    with pytest.raises(Invalid, match="水深"):
        spill.checked(River(depth_m=0.0))
