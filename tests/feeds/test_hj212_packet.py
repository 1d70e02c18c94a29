from dataclasses import replace
from datetime import datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from api.cli import app
from feeds.decoding import decode
from feeds.hj212.assembly import MOST_BYTES, Assembler
from feeds.hj212.cipher import TEST_KEY, decrypted, encrypted, must_encrypt
from feeds.hj212.framing import Verdict
from feeds.hj212.packet import Edition, Packet, encode, framed, parse, records, request_number, segment, split
from feeds.hj212.tables import codes, commands, factors
from gis.clock import BEIJING

HOUR = "DataTime=20160801080000;w00000-Cou=63.0,w00000-Avg=17.5,w00000-Flag=N;w01018-Avg=40.1,w01018-Flag=N"
PACKET = Packet("20160801090000001", "32", "2061", "123456", "010000A8900016F000169DC0", 5, cp=HOUR)


def test_a_packet_says_what_was_written() -> None:
    (decoded,) = decode([encode(PACKET)])
    assert decoded.packet == PACKET
    (record,) = records(PACKET.cp)
    assert record.time == "20160801080000"
    assert record.factors["w00000"] == {"Cou": "63.0", "Avg": "17.5", "Flag": "N"}


@pytest.mark.parametrize(
    "cp",
    [
        "DataTime=1;a01001-Max=9.70;a01001-Min=1;a01001-Flag=N;",
        "DataTime=1,a01001-Max=9.70,a01001-Min=1,a01001-Flag=N",
        " DataTime=1; a01001-Max=9.70,a01001-Min=1,,;a01001-Flag=N;;",
    ],
)
def test_separators_that_loggers_mix_up_make_no_difference(cp: str) -> None:
    (record,) = records(cp)
    assert record.factors == {"a01001": {"Max": "9.70", "Min": "1", "Flag": "N"}}


def test_several_records_in_one_packet_and_texts_of_logs() -> None:
    cp = "DataTime=1;w01018-Avg=1;DataTime=2;w01018-Avg=2;DataTime=3;PolId=w01018;i11001-Info=//a;b=c,d//"
    found = records(cp)
    assert [record.time for record in found] == ["1", "2", "3"]
    assert found[2].factors["i11001"]["Info"] == "//a;b=c,d//"
    assert found[2].fields == {"PolId": "w01018"}


@pytest.mark.parametrize(
    ("st", "mn", "flag", "edition"),
    [
        ("32", "88888880000001", None, Edition.HJT_2005),
        ("32", "88888880000001", 1, Edition.HJT_2005),
        ("32", "010000A8900016F000169DC0", 7, Edition.HJ_2017),
        ("32", "010000A8900016F000169DC0", 9, Edition.HJ_2025),
        ("44", "short", 9, Edition.HJ_2025),
        ("21", "A220582_0001", 9, Edition.SURFACE_WATER),
        ("91", "A220582_0001", 8, Edition.SURFACE_WATER),
        ("32", "010000A8900016F000169DC0", 13, Edition.UNKNOWN),
    ],
)
def test_the_edition_is_told_from_version_system_and_device(st: str, mn: str, flag: int | None, edition: Edition) -> None:
    assert Packet(st=st, mn=mn, flag=flag).edition is edition


def test_text_of_an_old_logger() -> None:
    packet = parse("ST=32;CN=3020;MN=M;CP=&&i11001-Info=//校准//&&".encode("gb18030"))
    assert packet.legacy_text
    assert records(packet.cp)[0].factors["i11001"]["Info"] == "//校准//"


def test_what_is_too_long_goes_in_parts_and_comes_together_in_any_order() -> None:
    items = ["DataTime=20160801080000", *(f"a{number:05d}-Avg={number}.5,a{number:05d}-Flag=N" for number in range(70))]
    parts = split(PACKET, items)
    assert len(parts) == 3
    assert all(len(segment(part)) <= 1024 and part.flag == 7 for part in parts)
    assembler = Assembler()
    assert [assembler.add(part) for part in (parts[2], parts[0], parts[2])] == [None] * 3
    assert assembler.add(parts[1]) == replace(PACKET, cp=";".join(items))
    # A part that comes again with other values begins the packet anew.
    assert assembler.add(parts[0]) is None
    assert assembler.add(replace(parts[0], cp="DataTime=20160801090000")) is None
    assert assembler.given_up() == {PACKET.mn: 1}


def _parts(count: int, at: datetime, *, numbers: bool, said: str) -> list[Packet]:
    """Parts of one packet; with a QN each, or one of all."""
    qns = [request_number(at + timedelta(seconds=place) * numbers) for place in range(count)]
    return [replace(PACKET, qn=qn, flag=7, pnum=count, pno=place, cp=f"{said}-Rtd={place}") for place, qn in enumerate(qns, 1)]


@pytest.mark.parametrize("numbers", [False, True])
@pytest.mark.parametrize("lost", [(1,), (2,), (3,), (1, 2), (2, 3), (1, 3)])
def test_a_part_that_is_lost_costs_its_packet_and_never_mixes_two(numbers: bool, lost: tuple[int, ...]) -> None:
    begin = datetime(2026, 3, 1, 8, tzinfo=BEIJING)
    assembler = Assembler()
    former = [part for part in _parts(3, begin, numbers=numbers, said="a1") if part.pno not in lost]
    assert [assembler.add(part) for part in former] == [None] * len(former)
    again = [assembler.add(part) for part in _parts(3, begin + timedelta(minutes=5), numbers=numbers, said="a2")]
    assert again[:2] == [None, None]
    assert again[2] is not None
    assert again[2].cp == "a2-Rtd=1;a2-Rtd=2;a2-Rtd=3"
    assert assembler.given_up() == {PACKET.mn: 1}
    assert assembler.waiting_bytes == 0


def test_parts_that_nobody_completes_take_a_bounded_room() -> None:
    assembler = Assembler()
    for number in range(2000):
        assembler.add(replace(PACKET, mn=f"{number}", flag=7, pnum=9, pno=1, cp="x" * 9000))
    assert assembler.waiting_bytes <= MOST_BYTES
    assert sum(assembler.given_up().values()) > 1000


@given(st.text(alphabet=st.characters(exclude_characters="&", exclude_categories=["Cs"]), max_size=80))
def test_parameters_go_through_the_cipher(cp: str) -> None:
    locked = encrypted(TEST_KEY, cp)
    assert (decrypted(TEST_KEY, locked) or locked) == cp


def test_an_encrypted_packet_opens_with_its_key_alone() -> None:
    plain = replace(PACKET, flag=9)
    checksum = encode(plain)[-6:]
    locked = framed(segment(replace(plain, cp=encrypted(TEST_KEY, plain.cp))))[:-6] + checksum
    (opened,) = decode([locked], [b"1" * 16, TEST_KEY])
    assert (opened.frame.verdict, opened.packet) == (Verdict.OK, plain)
    (shut,) = decode([locked], [b"1" * 16])
    assert shut.frame.verdict is Verdict.BAD_CRC
    assert [must_encrypt(cn) for cn in ("2011", "3020", "1014", "9014", "1011")] == [True, True, True, False, False]


def test_the_tables_are_whole() -> None:
    assert len(commands()) == 62
    assert {command.kind for command in commands().values()} == {"request", "upload", "notice", "answer"}
    assert codes()["flags"].keys() == set("NFMSDCTB")
    # Those of HJ 212-2017, and ozone.
    assert len(factors()) == 196 + 1
    old = [factor.old_code for factor in factors().values() if factor.old_code]
    assert len(old) == len(set(old))
    assert factors()["a34004"].unit == "ng/m³"


def test_decode_prints_a_line_a_packet_and_fails_where_one_is_bad() -> None:
    stream = encode(PACKET) + encode(PACKET)[:40] + b"\r\n?"
    result = CliRunner().invoke(app, ["feed", "decode", "-", "--json"], input=stream)
    rows = [orjson.loads(line) for line in result.stdout.splitlines()]
    assert [row["verdict"] for row in rows] == ["ok", "truncated"]
    assert rows[0]["command"] == "上传污染物小时数据"
    assert rows[0]["records"][0]["factors"]["w01018"] == {"Avg": "40.1", "Flag": "N"}
    assert result.exit_code == 1
    assert CliRunner().invoke(app, ["feed", "decode", "-"], input=encode(PACKET)).exit_code == 0
