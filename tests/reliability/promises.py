"""The promises in their order, each with the file that puts it to the test."""

from __future__ import annotations

from tests.reliability import (
    damage,
    extremes,
    hostile,
    kills,
    no_room,
    serving,
    sharing,
    signals,
    soak,
    supply,
)
from tests.reliability.frame import Promise

PROMISES = (
    Promise(1, "Killed at any time, nothing is lost", kills.cases),
    Promise(2, "Without room a training waits and goes on", no_room.cases),
    Promise(3, "Damaged files are named or harmless", damage.cases),
    Promise(4, "Hostile files and texts are refused or harmless", hostile.cases),
    Promise(5, "Many processes share a data folder", sharing.cases),
    Promise(6, "A signal ends a training in order", signals.cases),
    Promise(7, "A long run stays as it began", soak.cases),
    Promise(8, "The server answers on", serving.cases),
    Promise(9, "Numbers at their ends", extremes.cases),
    Promise(10, "Dependencies are few and looked through", supply.cases),
)
