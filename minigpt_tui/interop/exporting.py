"""Exports a model in one of the forms that other programs read, and says in lines what was done."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from minigpt_tui.inference.service import GPTService
from minigpt_tui.interop.gguf_file import save_gguf
from minigpt_tui.interop.hugging_face import export_folder
from minigpt_tui.interop.sample_text import sample_text
from minigpt_tui.interop.tensor_file import save_model
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, read_info
from minigpt_tui.runs.info import RunInfo
from minigpt_tui.temporary_files import sweep_beside
from minigpt_tui.text.safe import visible


def export_model(
    service: GPTService, name: str, form: str, target: Path, data: DataFolder
) -> list[str]:
    """Writes `hf`, `safetensors` or `gguf` at `target`; the lines say what was proven.

    Raises ValueError in words where it cannot be; nothing is left at `target` then.
    """
    if not target.absolute().parent.is_dir():
        shown = visible(str(target.absolute().parent))
        raise ValueError(f"There is no folder {shown} to write into.")
    with suppress(OSError):  # the writing will meet it too, and say so
        sweep_beside(target)
    match form:
        case "hf":
            sample = sample_text(service, data)
            proof = export_folder(service, _info(service), name, sample, target)
            return [
                f"✓ {proof.token_ids:,} token ids and {proof.logits:,} logits compared on "
                f"{proof.source}: the same ids, logits within {proof.difference:.0e} of the "
                "largest",
                f"✓ Written: {target}",
                f'Load it: AutoModelForCausalLM.from_pretrained("{target}")',
            ]
        case "safetensors":
            save_model(service, target)
            return ["✓ Read back: every weight is the same", f"✓ Written: {target}"]
        case "gguf":
            count = save_gguf(service, name, target)
            return [
                f"✓ Read back by gguf: {count} tensors and the vocabulary are the same",
                f"✓ Written: {target}",
                f"Try it: llama-cli -m {target}",
            ]
    raise AssertionError(form)


def _info(service: GPTService) -> RunInfo | None:
    """What the run wrote down about itself, where the checkpoint lies in one."""
    if service.checkpoint_path is None:
        return None
    try:
        return read_info(RunFolder(service.checkpoint_path.parent))
    except ValueError:
        return None
