"""What goes along with an exported model: its settings and its run's figures, nothing private."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from minigpt_tui import __version__
from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import to_dict
from minigpt_tui.inference.service import GPTService

_LARGEST = 2.0**53

IMPORTED = "imported"
"""The metric by which a model from another program is known, wherever its checkpoint goes."""


def own_section(service: GPTService) -> dict[str, Any]:
    """The settings and metrics by which `import` makes a run again; ready for JSON."""
    return {
        "version": __version__,
        "config": public_config(service.config),
        "metrics": plain_metrics(dict(service.metrics)),
    }


def public_config(config: RunConfig) -> dict[str, dict[str, Any]]:
    """The configuration without what is private: texts by their names alone, and no prompts."""
    plain = to_dict(config)
    plain["data"]["corpus"] = [Path(name).name or name for name in config.data.corpus]
    plain["training"] |= {"sample_prompt": "", "probes": "auto"}
    return plain


def plain_metrics(metrics: dict[str, Any]) -> dict[str, float]:
    """The metrics that are finite numbers of a sensible size: JSON has no others."""
    return {
        name: value
        for name, value in metrics.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST
    }
