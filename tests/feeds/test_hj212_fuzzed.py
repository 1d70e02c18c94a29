import os
import resource
from random import Random

from hj212_claims import Claims, mutated, seeds

COUNT = int(os.environ.get("QUANJING_FUZZED", "15000"))
"""`make test-feeds` sends 1 000 000, by a fuzzer that looks at coverage."""
WARM = 2000
MOST_KB = 64 << 10


def _peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_whatever_comes_nothing_breaks_nothing_piles_up_and_the_good_packet_behind_it_is_read() -> None:
    random, corpus, claims, before = Random(212), seeds(), Claims(), 0  # noqa: S311 — the same each time
    for number in range(COUNT):
        if number == WARM:
            before = _peak_kb()
        data = mutated(random, corpus)
        try:
            claims.hold(data)
        except Exception as error:
            raise AssertionError(data) from error
    assert _peak_kb() - before < MOST_KB
