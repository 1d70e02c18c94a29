from datetime import UTC, datetime

from demo.radar import EVERY, Target, turn
from gis.rules.radar import hotspots

PLANTS = [Target(f"P{number}", 60.0 * number, 900.0 + 500 * number) for number in range(6)]
BEGIN = datetime(2026, 11, 30, tzinfo=UTC)


def test_a_day_of_sweeps_has_a_few_plumes_each_over_a_plant() -> None:
    found = [(number, one) for number in range(96) for one in hotspots(turn(PLANTS, 1, BEGIN + number * EVERY), 107.5, 31.2)]
    assert 1 <= len({number for number, _ in found}) <= 48
    for _, one in found:
        assert any(
            abs((one.bearing_deg - plant.bearing_deg + 180) % 360 - 180) < 15 and abs(one.distance_m - plant.distance_m) < 300
            for plant in PLANTS
        )
    again, first = (turn(PLANTS, 1, BEGIN).values for _ in range(2))
    assert (again == first).all()
