"""Recordings made with the real programs, which lie beside the checkout where they are at hand."""

from __future__ import annotations

from program import ROOT

SHARED = ROOT.parent / "shared"
TRAJECTORIES = SHARED / "trajectories"
V1 = TRAJECTORIES / "openhands_v1"
MINI = TRAJECTORIES / "mini_swe_agent"
SWE_AGENT = TRAJECTORIES / "swe_agent"
V1_DIRECTORIES = sorted(path.parent for path in V1.glob("*/*/base_state.json"))
"""Conversations of OpenHands V1 as their own program keeps them."""
