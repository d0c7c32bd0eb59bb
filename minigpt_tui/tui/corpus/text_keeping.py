"""What the Corpus pane does to the library: copy into it, paste, delete, bring back."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from textual.message import Message
from textual.widget import Widget

from minigpt_tui.jobs.texts import (
    add_text,
    copy_text,
    delete_text,
    deleted_texts,
    restore_text,
)
from minigpt_tui.paths import DataFolder
from minigpt_tui.text.library import find_corpus
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.corpus.paste_dialog import PasteDialog
from minigpt_tui.tui.corpus.text_choices import DISK, OWN, PROGRAM, TextChoice
from minigpt_tui.tui.remembered import Remembered

log = logging.getLogger(__name__)


class TextKeeping:
    """Asks where something must be asked, says what was refused, and posts to its pane."""

    @dataclass
    class Added(Message):
        """A text is in the library now, or is back."""

        path: Path
        words: str

    @dataclass
    class Gone(Message):
        """A text is no more in the list."""

        choice: TextChoice

    @dataclass
    class Refused(Message):
        title: str
        sentence: str

    def __init__(self, pane: Widget, data: DataFolder, remembered: Remembered) -> None:
        self.pane = pane
        self.data = data
        self.remembered = remembered
        self._forgotten: list[str] = []
        """Recent paths that were taken off the list, the last one last."""

    def paste(self, text: str) -> None:
        """Asks for a name, and for the text where it is not pasted yet."""

        def accept(name: str, pasted: str) -> None:
            path = add_text(name, pasted, self.data)
            self.pane.post_message(self.Added(path, "It is among your texts."))

        self.pane.app.push_screen(PasteDialog(text, self._free_name(), accept))

    def copy(self, choice: TextChoice) -> None:
        """Copies a text of the disk, or several together, into the library, in a thread."""
        if choice.shelf in (OWN, PROGRAM) and len(choice.names) == 1:
            self._refuse("Not copied", "This text is in the library already.")
            return
        self.pane.notify("Copying into your texts…", markup=False, timeout=2)

        def work() -> None:
            answer: Message
            try:
                path = copy_text(choice.names, self.data)
                answer = self.Added(path, "A copy is among your texts; the original stays.")
            except ValueError as error:
                answer = self.Refused("Not copied", str(error))
            except Exception as error:  # a bug must be seen, and must not end the app
                log.exception("%r could not be copied", choice.names)
                answer = self.Refused("Not copied", f"{type(error).__name__}; see the log.")
            self.pane.post_message(answer)

        # The app's worker: it goes on when the pane is left.
        self.pane.app.run_worker(work, name="copying", thread=True, exit_on_error=False)

    def delete(self, choice: TextChoice) -> None:
        """Moves one of the user's texts into the trash; takes one of the disk off the list."""
        shown = visible(choice.label)
        if choice.shelf == PROGRAM:
            self._refuse("Not deleted", f"{shown} comes with the program and stays.")
        elif choice.shelf == DISK:
            recent = self.remembered.recent_texts
            if choice.names[0] in recent:
                recent.remove(choice.names[0])
                self._forgotten.append(choice.names[0])
            self.pane.post_message(self.Gone(choice))
            self._say(
                f"{shown} is off the list",
                "The file stays where it is. ‹corpus.undo_text› lists it again.",
            )
        else:
            try:
                path = Path(choice.names[0])
                if not path.is_absolute():
                    path = find_corpus(choice.names, self.data)[0]
                delete_text(path, self.data)
            except ValueError as error:
                self._refuse("Not deleted", str(error))
            else:
                self.pane.post_message(self.Gone(choice))
                self._say(
                    f"{shown} is deleted", "‹corpus.undo_text› brings it back, within a week."
                )

    def undo(self) -> None:
        """Takes back the last deletion: of this session, or of the last week."""
        if self._forgotten:
            path = Path(self._forgotten.pop())
            self.pane.post_message(self.Added(path, "It is in the list again."))
            return
        found = deleted_texts(self.data)
        if not found:
            self._refuse("Nothing to bring back", "No text was deleted within a week.")
            return
        try:
            path = restore_text(found[0])
        except ValueError as error:
            self._refuse("Not brought back", str(error))
        else:
            self.pane.post_message(self.Added(path, "It is among your texts again."))

    def _free_name(self) -> str:
        taken = {path.stem for path in self.data.corpora.glob("*")}
        return next(name for n in range(1, 10**6) if (name := f"pasted-{n}") not in taken)

    def _refuse(self, title: str, sentence: str) -> None:
        self.pane.notify(visible(sentence), title=title, severity="warning", markup=False)

    def _say(self, title: str, sentence: str) -> None:
        self.pane.notify(sentence, title=title, markup=False)
