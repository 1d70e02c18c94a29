"""A thousand data loggers in one process: `python bench/feed_load.py PORT LOGGERS PACKETS [RATE]` prints packets, seconds, times of
answers. With a rate so many packets a second go out from all together, one of a logger at a time; else each sends as it is answered."""

import asyncio
import json
import sys
import time
from datetime import datetime, timedelta

from feeds.hj212.packet import Packet, encode, request_number, stamp
from gis.clock import BEIJING

FACTORS = ("w00000", "w01001", "w01018", "w21003", "w21011", "w21001", "w01010", "w01012", "w22001", "w21019")
CP = "DataTime={at};" + ";".join(f"{code}-Rtd={number}.25,{code}-Flag=N" for number, code in enumerate(FACTORS, 11))
OPEN = 4
"""Packets of a logger that wait for their answers: loggers send data of several periods in a row."""


def name(place: int) -> str:
    """Return the number of a logger."""
    return f"010000A8900016F0{place:08d}"


def _packets(place: int, count: int, begin: datetime) -> list[bytes]:
    """Return what a logger sends: a moment each, a second apart."""
    moments = [begin + timedelta(seconds=number) for number in range(count)]
    return [encode(Packet(request_number(at), "32", "2011", "123456", name(place), 5, cp=CP.format(at=stamp(at)))) for at in moments]


async def _logger(port: int, packets: list[bytes], start: float, every: float, took: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    size = 1 if every else OPEN
    for number in range(0, len(packets), size):
        if every:
            await asyncio.sleep(start + number * every - time.perf_counter())
        begin = time.perf_counter()
        burst = packets[number : number + size]
        writer.write(b"".join(burst))
        for _ in burst:
            await reader.readuntil(b"\r\n")
        took.append(time.perf_counter() - begin)
    writer.close()


async def main(port: int, loggers: int, packets: int, rate: float = 0.0) -> None:
    """Send, and print what it took."""
    took: list[float] = []
    now = datetime.now(BEIJING) - timedelta(seconds=packets)
    said = [_packets(place, packets, now) for place in range(loggers)]
    begin = time.perf_counter()
    every = loggers / rate if rate else 0.0
    await asyncio.gather(*(_logger(port, one, begin + place / rate if rate else begin, every, took) for place, one in enumerate(said)))
    wall = time.perf_counter() - begin
    took.sort()
    print(json.dumps({"packets": loggers * packets, "wall_s": wall, "p50_s": took[len(took) // 2], "p95_s": took[len(took) * 95 // 100]}))


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
