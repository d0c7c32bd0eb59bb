"""The promises in their order, each with the file that puts it to the test."""

from __future__ import annotations

from tests.reliability import damage, kills
from tests.reliability.frame import Promise

PROMISES = (
    Promise(1, "Killed at any time, nothing is lost", kills.cases),
    Promise(3, "Damaged files are named or harmless", damage.cases),
)
