"""Loads of devices on a grid of steps, and what is learned from them: how a device usually runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from gis.rules.pairing import Pair
from gis.rules.power import Loads, Rule, Series, States, running_in

Levels = Mapping[str, tuple[float | None, float | None]]
"""Code of a device → its running level and its floor, None where they are not known."""

MISSED_STEPS = 2
"""A step without a sample says what the last one said, so many times."""


def gridded(samples: Sequence[tuple[datetime, float]], begin: datetime, end: datetime, step: timedelta) -> tuple[Loads, States]:
    """Return the mean load of each step, gaps of at most `MISSED_STEPS` filled with what was before, and the steps that were silent.

    Parameters
    ----------
    samples : sequence of (time, load)
        Any order, any unit.
    begin, end : datetime
        Of the grid.
    step : timedelta
    """
    count = max(0, int((end - begin) / step))
    sums, counts = np.zeros(count), np.zeros(count)
    if samples:
        at = np.array([(when - begin) / step for when, _ in samples])
        load = np.array([value for _, value in samples])
        inside = (at >= 0) & (at < count) & np.isfinite(load)
        place = at[inside].astype(np.int64)
        np.add.at(sums, place, load[inside])
        np.add.at(counts, place, 1.0)
    silent = counts == 0
    loads = np.divide(sums, counts, out=np.full(count, np.nan), where=~silent)
    for _ in range(MISSED_STEPS):
        gaps = np.flatnonzero(np.isnan(loads[1:]) & ~np.isnan(loads[:-1])) + 1
        loads[gaps] = loads[gaps - 1]
    return loads, silent


def running_level(loads: Loads, rule: Rule) -> float | None:
    """Return the level at which a device usually runs: the median of what is not rest; None where too little is known."""
    known = loads[np.isfinite(loads)]
    if len(known) * rule.step < rule.learn_least or known.max(initial=0.0) <= 0:
        return None
    # A device rests near nothing and runs near its usual load: the top is cut, because motors start with several times that.
    top = float(np.quantile(known, 0.95))
    running = known[known > rule.off_share * top]
    return float(np.median(running)) if len(running) * rule.step >= rule.learn_least / 4 else None


def learned_floor(treatment: Series, producing: States, rule: Rule) -> float | None:
    """Return the load that a treatment keeps in 19 of 20 steps of ordinary duty while production runs; None where too little is known."""
    share = treatment.share()
    with np.errstate(invalid="ignore"):
        duty = treatment.loads[producing & (share >= rule.idle_share)]
    return float(np.quantile(duty, 0.05)) if len(duty) * rule.step >= rule.learn_least / 2 else None


def learned(
    pairs: Sequence[Pair], loads: Mapping[str, Loads], rated: Mapping[str, float], rule: Rule
) -> dict[str, tuple[float | None, float | None]]:
    """Return running level and floor of each device, as its loads of some days say; what is rated is not learned.

    Parameters
    ----------
    pairs : sequence of Pair
    loads : mapping of code to loads
        All on the same grid.
    rated : mapping of code to float
    rule : Rule
    """
    running = {code: rated.get(code) or running_level(grid, rule) for code, grid in loads.items()}
    series = {code: Series(grid, running[code]) for code, grid in loads.items()}
    floors: dict[str, float | None] = {}
    for pair in pairs:
        producing = [running_in(series[code], rule) for code in pair.production if code in series]
        if pair.treatment in series and producing:
            floors[pair.treatment] = learned_floor(series[pair.treatment], np.any(producing, axis=0), rule)
    return {code: (level, floors.get(code)) for code, level in running.items()}
