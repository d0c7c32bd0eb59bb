"""The views of the Inspect pane by name. Each is imported when it is first wanted."""

from __future__ import annotations

from minigpt_tui.tui.widgets.inspect_view import InspectView

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
        from minigpt_tui.tui.widgets.inspect_attention import AttentionView

        return AttentionView()
    if name == "lens":
        from minigpt_tui.tui.widgets.inspect_lens import LensView

        return LensView()
    if name == "attribution":
        from minigpt_tui.tui.widgets.inspect_attribution import AttributionView

        return AttributionView()
    if name == "ablation":
        from minigpt_tui.tui.widgets.inspect_ablation import AblationView

        return AblationView()
    if name == "patching":
        from minigpt_tui.tui.widgets.inspect_patching import PatchingView

        return PatchingView()
    if name == "neighbours":
        from minigpt_tui.tui.widgets.inspect_neighbours import NeighboursView

        return NeighboursView()
    if name == "evidence":
        from minigpt_tui.tui.widgets.inspect_evidence import EvidenceView

        return EvidenceView()
    if name == "calibration":
        from minigpt_tui.tui.widgets.inspect_calibration import CalibrationView

        return CalibrationView()
    assert name == "training", name
    from minigpt_tui.tui.widgets.inspect_training import AlongTrainingView

    return AlongTrainingView()
