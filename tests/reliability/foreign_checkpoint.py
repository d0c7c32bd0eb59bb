"""Random changes to a `ckpt.pt` of nanoGPT: to its bytes, its pickle and what the pickle means.

An archive with a byte changed has a wrong checksum, so the pickle in it is changed by itself and
packed again; calls are put between its instructions, which a reader that trusts them would run.
"""

from __future__ import annotations

import io
import pickletools
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from hypothesis import strategies as st

from minigpt_tui.interop.nanogpt import read_nanogpt
from minigpt_tui.interop.vocabulary_file import vocabulary_of
from minigpt_tui.paths import DataFolder
from tests.interop import nanogpt_reference as nanogpt
from tests.reliability.frame import expect, refused_in_words
from tests.reliability.mutation import mutated
from tests.reliability.small import TEXT, corpus_in

Target = tuple[str, st.SearchStrategy[Any], Callable[[Any], object]]

VOCAB_SIZE = len(set(TEXT))
HUGE = st.sampled_from([10**400, -1, 0, 1024, 65_536, 10_000_000, 3e38, float("inf"), float("nan")])
_FORMS: list[Callable[[torch.Tensor], torch.Tensor]] = [
    torch.nn.Parameter,
    torch.Tensor.to_sparse,
    lambda weight: weight.to("meta"),
    lambda weight: weight[:1].expand(weight.shape),
    lambda weight: weight.to(torch.complex64).conj(),
    lambda weight: torch.quantize_per_tensor(weight.float(), 0.1, 0, torch.quint8),
    lambda weight: torch.nested.nested_tensor([weight, weight]),
    lambda weight: weight.byte().view(torch.float4_e2m1fn_x2),
    lambda weight: weight.to(torch.float8_e4m3fn),
    lambda weight: weight * 3e38,
    lambda weight: weight * 1e30,
    lambda weight: weight * 0,
    lambda weight: weight * float("nan"),
    lambda weight: weight.T if weight.ndim == 2 else weight[None],
    lambda weight: weight[:1],
    lambda weight: weight.sum(),
    lambda weight: weight > 0,
]


def checkpoint_targets(inputs: Path, plain: st.SearchStrategy[Any]) -> list[Target]:
    """Each kind of change with what reads the changed file; `plain` makes any JSON value."""
    path, called = inputs / "ckpt.pt", inputs / "called"
    vocabulary = vocabulary_of([str(corpus_in(inputs))], DataFolder(inputs))
    nanogpt.write(path, VOCAB_SIZE)
    whole = path.read_bytes()
    pickled = _records(whole)["data.pkl"]

    def read() -> None:
        try:
            refused_in_words(lambda: read_nanogpt(path, vocabulary))
        finally:
            expect(not called.exists(), "what the file calls was run")

    def bytes_into(raw: bytes) -> None:
        path.write_bytes(raw)
        read()

    def parts_into(changes: dict[str, Any]) -> None:
        nanogpt.write(path, VOCAB_SIZE, **changes)
        read()

    return [
        ("ckpt.pt", mutated(whole), bytes_into),
        (
            "ckpt.pt, its pickle",
            mutated(pickled) | _calling(pickled, called),
            lambda changed: bytes_into(_packed(whole, changed)),
        ),
        ("ckpt.pt, its parts", _parts(plain), parts_into),
    ]


def _parts(plain: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """What stands in the place of some of the parts: other values, and weights of other kinds."""
    weights = dict(nanogpt.weights(VOCAB_SIZE, bias=True))
    arguments = nanogpt.model_args(VOCAB_SIZE, bias=True)
    number = st.sampled_from([torch.tensor(1.5), torch.tensor(7), torch.ones(2)])
    form = st.sampled_from(_FORMS)

    def changed(one: dict[str, Any]) -> dict[str, Any]:
        made = {name: form(weights[name]) for name, form in one.items() if callable(form)}
        return {**weights, **one, **made}

    value = plain | HUGE
    names = st.sampled_from(sorted(weights))
    models = st.dictionaries(names, form, max_size=2) | st.dictionaries(names | st.text(), value)
    some = st.dictionaries(st.sampled_from(sorted(arguments)) | st.text(), value, max_size=3)
    loss = form.map(lambda make: make(torch.tensor([1.5])))
    return st.fixed_dictionaries(
        {},
        optional={
            "model": models.map(changed) | plain,
            "model_args": some.map(lambda one: {**arguments, **one}) | plain,
            "best_val_loss": value | number | loss,
            "iter_num": value,
            "format": plain | number,
        },
    )


def _calling(pickled: bytes, called: Path) -> st.SearchStrategy[bytes]:
    """The pickle with a call at one of its instructions, which would make the folder `called`."""
    places = [place for _, _, place in pickletools.genops(pickled) if place is not None]
    made = repr(str(called)).encode()
    calls = [
        b"c" + function + b"\n(V" + argument + b"\ntR"
        for function, argument in (
            (b"os\nmkdir", str(called).encode()),
            (b"posix\nmkdir", str(called).encode()),
            (b"builtins\neval", b"__import__('os').mkdir(" + made + b")"),
            (b"builtins\nexec", b"import os; os.mkdir(" + made + b")"),
            (b"torch\nload", str(called.with_name("ckpt.pt")).encode()),
        )
    ]
    dropped = st.sampled_from([b"0", b""])  # what it gives is taken away again, or stays
    return st.tuples(st.sampled_from(places[2:]), st.sampled_from(calls), dropped).map(
        lambda one: pickled[: one[0]] + one[1] + one[2] + pickled[one[0] :]
    )


def _records(raw: bytes) -> dict[str, bytes]:
    """The records of an archive without the folder before their names."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def _packed(whole: bytes, pickled: bytes) -> bytes:
    """The archive with another pickle in it, and checksums that are right."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, record in {**_records(whole), "data.pkl": pickled}.items():
            archive.writestr(f"ckpt/{name}", record)
    return buffer.getvalue()
