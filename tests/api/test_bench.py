"""Work in a thread: whenever news of it and its end come, both are taken."""

import asyncio
from uuid import uuid4

from api.bench import Bench, away
from api.drafting import Watch


async def nowhere() -> None:  # type: ignore[return]
    raise AssertionError("nothing is connected here")


def test_news_that_come_with_the_end_do_not_keep_the_work_open() -> None:
    steps: list[str] = []

    def work(bench: Bench) -> int:
        bench.progress("read", 1.0)
        return 7

    async def note(step: str, _: float) -> None:
        steps.append(step)

    async def stands() -> bool:
        return True

    async def many() -> set[int]:
        watch = Watch(nowhere)  # type: ignore[arg-type]
        async with asyncio.timeout(60):
            return {await away(watch, uuid4(), work, note, stands) for _ in range(300)}

    assert asyncio.run(many()) == {7}
