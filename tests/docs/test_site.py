"""The site of docs/ is built by its generator without a warning."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.docs.blocks import PAGES, ROOT, name

pytestmark = pytest.mark.docs


def test_the_site_is_built_without_a_warning(tmp_path):
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert built.returncode == 0, built.stdout
    assert "Warning" not in built.stdout
    for page in PAGES:
        if name(page) != "README.md":
            file = page.relative_to(ROOT / "docs").with_suffix("")
            folder = file.parent if file.name in ("index", "README") else file
            assert (tmp_path / "site" / folder / "index.html").is_file(), folder
