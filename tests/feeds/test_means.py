import io
from datetime import date, datetime, timedelta

import psycopg
import pytest
from city import City
from psycopg.errors import RaiseException
from typer.testing import CliRunner

from api.cli import app
from feeds.following import ACTOR
from gis.clock import BEIJING
from gis.errors import NotFound
from gis.store import marks, means
from gis.store import readings as store
from gis.store.connect import glancing, writing_plainly

MN = "010000A8900016F000169DC0"
BEGIN = datetime(2026, 3, 1, tzinfo=BEIJING)
END = BEGIN + timedelta(days=1)
HOUR = timedelta(hours=1)


def put(city: City, factor: str, hours: dict[int, float | None], *, packet: int = 1, late: timedelta = HOUR, period: str = "hour") -> None:
    with writing_plainly(city.url, ACTOR) as connection:
        (point,) = store.points(connection).values()
        store.make_month(connection, BEGIN)
        step = HOUR if period == "hour" else timedelta(minutes=10)
        rows = [
            (point.point_id, period, factor, at, value, None, None, 2.0, None, None, None, "N", None, packet, at + late)
            for at, value in ((BEGIN + number * step, value) for number, value in hours.items())
        ]
        store.write(connection, rows)


def day(city: City, then: datetime | None = None, period: means.Period = "day") -> dict[str, list[tuple[float | None, int, bool]]]:
    with glancing(city.url) as connection:
        of = means.places_of(connection, city.feature_id("DW001"))
        found = means.means(connection, of, period, BEGIN, END, then=then)
    return {factor: [(one.value, one.valid, one.counts) for one in rows] for (_, factor), rows in found.items()}


def test_a_late_correction_moves_the_day_and_the_old_figure_stays_readable(city: City) -> None:
    put(city, "w01018", dict.fromkeys(range(24), 40.0))
    assert day(city) == {"w01018": [(40.0, 24, True)]}
    put(city, "w01018", {5: 64.0}, packet=2, late=timedelta(days=30))
    assert day(city) == {"w01018": [(41.0, 24, True)]}
    assert day(city, END + HOUR) == {"w01018": [(40.0, 24, True)]}
    assert day(city, BEGIN + 12 * HOUR + timedelta(minutes=30)) == {"w01018": [(40.0, 12, False)]}
    with glancing(city.url) as connection:
        (figure,) = means.statistics(connection, date(2026, 3, 1), "county")
        (before,) = means.statistics(connection, date(2026, 3, 1), "outlet", then=END + HOUR)
    assert (figure.value, figure.highest, figure.hours, figure.amount) == (41.0, 64.0, 24, 48.0)
    assert (before.value, before.highest) == (40.0, 40.0)
    with psycopg.connect(city.url) as connection, pytest.raises(RaiseException, match="versions"):
        connection.execute("DELETE FROM readings")


def test_an_hour_that_was_never_sent_is_made_of_its_minutes(city: City) -> None:
    put(city, "w01018", dict.fromkeys(range(1, 24), 40.0))
    put(city, "w01018", dict.fromkeys(range(5), 64.0), period="minute")
    put(city, "w00000", {0: 1.0, 1: 1.0, 2: None})
    assert day(city, period="hour")["w01018"][0] == (64.0, 50, True)
    assert day(city)["w01018"] == [(41.0, 24, True)]
    assert day(city, period="hour")["w00000"] == [(1.0, 60, True), (1.0, 60, True), (None, 0, False)]


def test_marks_come_in_once_and_are_checked_by_the_bureau_which_makes_none(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    put(city, "w01018", dict.fromkeys(range(24), 40.0) | {5: 400.0})
    head = "source_id,mn,factor,from,to,mark,declared_by,declared,evidence\n"
    good = f"G1,{MN},,2026-03-01T05:00,2026-03-01T06:00,device_calibration,排污单位张三,2026-03-02T09:00,校准记录\n"
    bad = f"G2,{MN},,2026-03-01T06:00,2026-03-01T05:00,start_up,张三,2026-03-02T09:00,\n"
    bad += "G3,STRANGER,,2026-03-01,2026-03-02,start_up,张三,2026-03-02,\n"
    for expected in ((1, 0), (0, 1)):
        with writing_plainly(city.url, ACTOR) as connection:
            new, stood, faults = marks.load(connection, io.StringIO(head + good + bad))
        assert (new, stood) == expected
        assert ["第 3 行" in faults[0], "STRANGER" in faults[1], len(faults)] == [True, True, 2]
    assert day(city) == {"w01018": [(40.0, 23, True)]}
    monkeypatch.setenv("DATABASE_URL", city.url)
    said = CliRunner().invoke(app, ["feed", "mark", "check", "1", "refuse", "--reason", "校准记录与门禁不符"])
    assert said.exit_code == 0, said.output
    assert day(city) == {"w01018": [(55.0, 24, True)]}
    with glancing(city.url) as connection:
        (row,) = marks.listed(connection, BEGIN, END)
        assert (row["accepted"], row["check_reason"], row["declared_by"]) == (False, "校准记录与门禁不符", "排污单位张三")
        assert marks.listed(connection, BEGIN, END, unchecked=True) == []
    with writing_plainly(city.url, ACTOR) as connection, pytest.raises(NotFound):
        marks.check(connection, 99, accepted=True)
    said = CliRunner().invoke(app, ["feed", "means", MN, "--from", "2026-03-01", "--to", "2026-03-02", "--period", "day"])
    assert "COD  55" in said.output
    assert CliRunner().invoke(app, ["feed", "statistics", "2026-03-01", "--by", "enterprise", "--json"]).output.count("\n") == 1
