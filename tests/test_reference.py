"""The pages that are written from the program say what the program does."""

from docs import keys


def test_the_page_of_keys_is_that_of_the_registry():
    assert keys.TARGET.read_text(encoding="utf-8") == keys.page(), "run python -m docs.keys"
