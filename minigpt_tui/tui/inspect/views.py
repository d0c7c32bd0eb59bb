"""The views of the Inspect pane by name. Each is imported when it is first wanted."""

from __future__ import annotations

from minigpt_tui.tui.inspect.view import InspectView

TITLES = {
    "attention": "Attention",
    "lens": "Lens",
    "attribution": "Parts",
    "ablation": "Ablate",
    "patching": "Patch",
    "neighbours": "Embed",
    "evidence": "Evidence",
    "calibration": "Calibration",
    "training": "History",
}


def build_view(name: str) -> InspectView:
    """A new view; `name` is one of TITLES."""
    if name == "attention":
        from minigpt_tui.tui.inspect.attention import AttentionView

        return AttentionView()
    if name == "lens":
        from minigpt_tui.tui.inspect.lens import LensView

        return LensView()
    if name == "attribution":
        from minigpt_tui.tui.inspect.attribution import AttributionView

        return AttributionView()
    if name == "ablation":
        from minigpt_tui.tui.inspect.ablation import AblationView

        return AblationView()
    if name == "patching":
        from minigpt_tui.tui.inspect.patching import PatchingView

        return PatchingView()
    if name == "neighbours":
        from minigpt_tui.tui.inspect.neighbours import NeighboursView

        return NeighboursView()
    if name == "evidence":
        from minigpt_tui.tui.inspect.evidence import EvidenceView

        return EvidenceView()
    if name == "calibration":
        from minigpt_tui.tui.inspect.calibration import CalibrationView

        return CalibrationView()
    assert name == "training", name
    from minigpt_tui.tui.inspect.training import AlongTrainingView

    return AlongTrainingView()
