"""A thousand data loggers in one process: `python bench/feed_load.py PORT LOGGERS PACKETS` prints packets, seconds, times of answers."""

import asyncio
import json
import sys
import time

from feeds.hj212.packet import Packet, encode

FACTORS = ("w00000", "w01001", "w01018", "w21003", "w21011", "w21001", "w01010", "w01012", "w22001", "w21019")
CP = "DataTime={at};" + ";".join(f"{code}-Rtd={number}.25,{code}-Flag=N" for number, code in enumerate(FACTORS, 11))
OPEN = 4
"""Packets of a logger that wait for their answers: loggers send data of several periods in a row."""


async def _logger(port: int, place: int, packets: int, took: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    mn = f"010000A8900016F0{place:08d}"
    sent = 0
    while sent < packets:
        begin = time.perf_counter()
        burst = min(OPEN, packets - sent)
        at = f"202603{1 + sent // 86400:02d}{sent // 3600 % 24:02d}{sent // 60 % 60:02d}{sent % 60:02d}"
        one = encode(Packet(f"{at}{place % 1000:03d}", "32", "2011", "123456", mn, 5, cp=CP.format(at=at)))
        writer.write(one * burst)
        for _ in range(burst):
            await reader.readuntil(b"\r\n")
        took.append(time.perf_counter() - begin)
        sent += burst
    writer.close()


async def main(port: int, loggers: int, packets: int) -> None:
    """Send, and print what it took."""
    took: list[float] = []
    begin = time.perf_counter()
    await asyncio.gather(*(_logger(port, place, packets, took) for place in range(loggers)))
    wall = time.perf_counter() - begin
    took.sort()
    print(json.dumps({"packets": loggers * packets, "wall_s": wall, "p50_s": took[len(took) // 2], "p95_s": took[len(took) * 95 // 100]}))


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
