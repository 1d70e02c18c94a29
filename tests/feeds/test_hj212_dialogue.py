from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from feeds.hj212.cipher import TEST_KEY
from feeds.hj212.dialogue import MOST_OPEN, Dialogue, Exchange, Stage, answer
from feeds.hj212.framing import Verdict, judge
from feeds.hj212.locks import unlocked
from feeds.hj212.packet import Packet, encode, parse
from feeds.hj212.requests import history, set_clock
from gis.clock import BEIJING

NOW = datetime(2026, 3, 1, 8, 0, 0, 5000, tzinfo=BEIJING)
SECOND = timedelta(seconds=1)
DATA = Packet("20160801085857223", "32", "2011", "123456", "010000A8900016F000169DC0", 5, cp="DataTime=20160801085857;w01001-Rtd=7.1")


def read(data: bytes) -> Packet:
    return parse(judge(data).segment)


@pytest.mark.parametrize(
    ("packet", "cn", "flag"),
    [
        (DATA, "9014", 4),
        (replace(DATA, flag=7), "9014", 4),
        (replace(DATA, flag=9), "9014", 8),
        (replace(DATA, flag=1), "9014", 0),
        (replace(DATA, cn="7777"), "9014", 4),
        (replace(DATA, cn="1013", flag=4), "9013", 4),
        (replace(DATA, cn="9015", flag=8), "9013", 8),
    ],
)
def test_what_is_answered_and_how(packet: Packet, cn: str, flag: int) -> None:
    assert answer(packet) == Packet(packet.qn, "91", cn, packet.pw, packet.mn, flag)


@pytest.mark.parametrize("packet", [replace(DATA, flag=4), replace(DATA, flag=None), replace(DATA, cn="9012"), replace(DATA, mn="")])
def test_what_is_not_answered(packet: Packet) -> None:
    assert answer(packet) is None


def asked() -> tuple[Dialogue, Packet]:
    dialogue = Dialogue()
    wanted = history(DATA, "hour", NOW - timedelta(hours=3), NOW)
    return dialogue, read(dialogue.ask(wanted, NOW)[1])


def said(request: Packet, cn: str, cp: str) -> Packet:
    return replace(request, st="91", cn=cn, flag=4, cp=cp)


def test_a_request_for_history_goes_its_four_steps() -> None:
    dialogue, request = asked()
    assert (request.qn, request.cn, request.flag) == ("20260301080000005", "2061", 5)
    assert request.cp == "BeginTime=20260301050000;EndTime=20260301080000"
    assert dialogue.hear(said(request, "9011", "QnRtn=1"), NOW) is None
    for number in (1, 2):
        assert dialogue.hear(replace(DATA, cn="2061", qn=f"2026030108000001{number}"), NOW + 8 * number * SECOND) is None
    assert list(dialogue.due(NOW + 20 * SECOND)) == []
    ended = dialogue.hear(said(request, "9012", "ExeRtn=1"), NOW + 21 * SECOND)
    assert ended is not None
    assert (ended.stage, ended.received, ended.code) == (Stage.DONE, 2, 1)
    assert dialogue.deadline is None


def test_silence_is_asked_again_three_times_and_then_given_up() -> None:
    dialogue, request = asked()
    assert list(dialogue.due(NOW + 9 * SECOND)) == []
    again = [thing for step in range(1, 5) for thing in dialogue.due(NOW + 10 * step * SECOND)]
    assert again[:3] == [encode(request)] * 3
    assert isinstance(again[3], Exchange)
    assert (again[3].stage, again[3].sent) == (Stage.NO_ANSWER, 4)
    assert dialogue.hear(said(request, "9011", "QnRtn=1"), NOW) is None


@pytest.mark.parametrize(
    ("cn", "cp", "stage"), [("9011", "QnRtn=3", Stage.REFUSED), ("9011", "", Stage.REFUSED), ("9012", "ExeRtn=100", Stage.FAILED)]
)
def test_a_refusal_ends_it(cn: str, cp: str, stage: Stage) -> None:
    dialogue, request = asked()
    ended = dialogue.hear(said(request, cn, cp), NOW)
    assert ended is not None
    assert ended.stage is stage


def test_accepted_and_then_silence() -> None:
    dialogue, request = asked()
    dialogue.hear(said(request, "9011", "QnRtn=1"), NOW + 5 * SECOND)
    (ended,) = dialogue.due(NOW + 15 * SECOND)
    assert isinstance(ended, Exchange)
    assert ended.stage is Stage.NO_RESULT


def test_two_requests_of_one_moment_have_numbers_of_their_own() -> None:
    dialogue = Dialogue(timeout=5 * SECOND, retries=0)
    first, second = (read(dialogue.ask(set_clock(DATA, NOW), NOW)[1]) for _ in range(2))
    assert first.cp == "SystemTime=20260301080000"
    assert (first.qn, second.qn) == ("20260301080000005", "20260301080000006")
    assert dialogue.deadline == NOW + 5 * SECOND


def test_who_encrypts_is_asked_encrypted_and_what_need_not_be_goes_in_plain() -> None:
    device = replace(DATA, flag=9)
    hours, clock = history(device, "hour", NOW - timedelta(hours=3), NOW), set_clock(device, NOW)
    dialogue = Dialogue()
    (_, locked), (_, plain) = (dialogue.ask(one, NOW, TEST_KEY) for one in (hours, clock))
    assert b"BeginTime" not in locked
    opened, key = unlocked(judge(locked), [TEST_KEY])
    assert (opened.verdict, key, read(plain).cp) == (Verdict.OK, TEST_KEY, clock.cp)
    assert parse(opened.segment).cp == hours.cp
    assert next(iter(dialogue.due(NOW + 10 * SECOND))) == locked, "and asked again as it was"


def test_what_is_open_is_known_by_command_and_device_and_bounded() -> None:
    dialogue = Dialogue()
    for number in range(MOST_OPEN):
        assert not dialogue.full
        dialogue.ask(set_clock(replace(DATA, mn=f"{number}"), NOW), NOW)
    assert dialogue.full
    assert dialogue.asks("1012", "7")
    given_up = [thing for step in range(1, 5) for thing in dialogue.due(NOW + 60 * step * SECOND) if isinstance(thing, Exchange)]
    assert len(given_up) == MOST_OPEN
    assert not dialogue.asks("1012", "7")
