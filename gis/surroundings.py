"""How far the surroundings of a plant reach: one figure each for the norm, its checks, the sheets and the demo city."""

NEAR_M = 500.0
"""Receptors of the air so near are counted by themselves (HJ 941-2018, 6.2)."""
AIR_REACH_M = 5_000.0
"""How far from the plant receptors of the air are looked for (HJ 941-2018, 6.2; HJ 169-2018, annex D)."""
WATER_REACH_M = 10_000.0
"""How far downstream receptors of the water are (HJ 941-2018, 6.3; HJ 169-2018, 5.3.3)."""
