import io
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pdfplumber
import psycopg
import pytest
from city import City
from openpyxl import load_workbook
from typer.testing import CliRunner

from api.cli import app
from drawings.transmission import document
from feeds.following import ACTOR
from gis.clock import BEIJING
from gis.store import readings as store
from gis.store.connect import writing_plainly
from gis.store.transmission import Month, month, record_outage
from gis.transmission import Tally, reasons, rule_on, rules
from gis.transmission_workbook import workbook

FIRST = date(2026, 3, 1)
BEGIN = datetime(2026, 3, 1, tzinfo=BEIJING)
NOW = datetime(2026, 3, 3, 1, 30, tzinfo=BEIJING)
HOUR = timedelta(hours=1)
LOST = {5, 6, 7}
LATE = {10, 11}
FAULT = {20}


def put(city: City, hours: dict[int, tuple[float | None, str | None, timedelta]], packet: int = 1) -> None:
    with writing_plainly(city.url, ACTOR) as connection:
        points = store.points(connection)
        (point,) = points.values()
        store.make_month(connection, BEGIN)
        rows = []
        for number, (value, flag, after) in hours.items():
            at = BEGIN + number * HOUR
            blank = (None,) * 6
            rows.append((point.point_id, "hour", "w01018", at, value, *blank, flag, None, packet, at + HOUR + after))
        store.write(connection, rows)


def looked(city: City, now: datetime = NOW) -> Month:
    with psycopg.connect(city.url) as connection:
        return month(connection, FIRST, now)


@pytest.fixture
def full(city: City) -> City:
    soon, late = timedelta(minutes=3), timedelta(hours=7)
    hours = {
        number: (40.0, "D" if number in FAULT else "N", late if number in LATE else soon) for number in range(47) if number not in LOST
    }
    put(city, hours)
    return city


def test_the_four_rates_and_what_pulls_them_down(full: City) -> None:
    found = looked(full)
    # The hours before 0:00 of the third are over and no more in time to come: 47 of two days.
    assert found.city == Tally(due=48, received=44, timely=42, valid=43, flags=Counter(D=1))
    assert found.city.effective == pytest.approx(44 / 48 * 43 / 44)
    assert found.city.filled == pytest.approx(2 / 6)
    assert reasons(found.city) == [("缺失", 4), ("迟到", 2), ("故障（D）", 1)]
    assert found.day(FIRST) == Tally(due=24, received=21, timely=19, valid=20, flags=Counter(D=1))
    (watch,) = found.watches
    assert found.point(watch) == found.enterprise(watch.enterprise_id) == found.city


def test_an_approved_outage_is_not_due_and_a_late_correction_moves_the_rate(full: City) -> None:
    (watch,) = looked(full).watches
    with writing_plainly(full.url, ACTOR) as connection:
        during = (BEGIN + 5 * HOUR, BEGIN + 8 * HOUR)
        assert record_outage(connection, watch.mn, during, "检修", "备案〔2026〕3号") == 1
        assert record_outage(connection, "STRANGER", during, "检修", "备案") is None
    found = looked(full)
    assert (found.city.due, found.city.received) == (45, 44)
    put(full, {20: (38.0, "N", timedelta(days=8))}, packet=2)
    assert looked(full).city.valid == found.city.valid + 1
    assert full.rows("SELECT value, flag FROM readings_former") == [(40.0, "D")]
    put(full, {46: (None, "N", timedelta())}, packet=3)
    assert looked(full).city.flags == Counter({"-": 1})


@pytest.mark.parametrize(
    ("registered", "due"),
    [(BEGIN - HOUR, 48), (BEGIN + timedelta(hours=30, minutes=20), 18), (NOW + HOUR, 0)],
    ids=["before", "within", "after"],
)
def test_a_point_that_never_spoke_owes_every_hour_since_it_was_registered(city: City, registered: datetime, due: int) -> None:
    with writing_plainly(city.url, ACTOR) as connection:
        store.points(connection)
        connection.execute("ALTER TABLE monitoring_points DISABLE TRIGGER USER")
        connection.execute("UPDATE monitoring_points SET recorded = tstzrange(%s, NULL)", [registered])
        connection.execute("ALTER TABLE monitoring_points ENABLE TRIGGER USER")
    assert looked(city).city == Tally(due=due)
    assert looked(city).city.effective == (0.0 if due else None)
    assert looked(city, BEGIN - timedelta(days=3)).city.effective is None


def test_the_report_says_the_same_in_both_forms(full: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = looked(full)
    book = load_workbook(io.BytesIO(workbook(found)))
    assert book.sheetnames == ["说明", "全市", "企业", "测点", "逐日"]
    cells = [cell.value for cell in book["全市"][2]]
    assert cells[1] == pytest.approx(found.city.effective)
    assert cells[6:10] == [48, 44, 42, 43]
    assert book["测点"].max_row == 2
    assert [cell.number_format for cell in book["逐日"][2]] == ["yyyy-mm-dd", *["0.00%"] * 5, *["#,##0"] * 4, "General"]
    assert book["逐日"]["A2"].value.date() == FIRST
    assert document(found) == document(found)
    with pdfplumber.open(io.BytesIO(document(found))) as pdf:
        text = "".join(page.extract_text() for page in pdf.pages)
    assert "89.58%" in text
    assert "低于门槛的测点（1 个）" in text
    monkeypatch.setenv("DATABASE_URL", full.url)
    ran = CliRunner().invoke(app, ["feed", "report", "2026-03", "-o", str(tmp_path / "a.pdf"), "-o", str(tmp_path / "a.xlsx")])
    assert ran.exit_code == 0, ran.output
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    assert CliRunner().invoke(app, ["feed", "rates", "2026-03", "--json"]).exit_code == 1


def test_the_rules_follow_each_other() -> None:
    assert rule_on(date(2010, 1, 1)) == rules()[0]
    assert rule_on(datetime.now(UTC).date()).gate == 0.95
    assert [rule.begin for rule in rules()] == sorted(rule.begin for rule in rules())
