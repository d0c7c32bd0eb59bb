"""The way out of the window: asks when a training runs, and hands it to the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minigpt_tui.tui.app import Workbench
    from minigpt_tui.tui.trainings.hand_over import HandOver
    from minigpt_tui.tui.trainings.leave_dialog import Answer


class Leaving:
    """Whoever wants to leave comes through here; `hand_over` outlives the screen."""

    def __init__(self, app: Workbench) -> None:
        self.app = app
        self.hand_over: HandOver | None = None
        """The newest hand-over of a training to the background, also one that has failed."""

    @property
    def handing_over(self) -> bool:
        return self.hand_over is not None and not self.hand_over.done.is_set()

    def ask(self) -> None:
        """Leaves at once where nothing trains; else asks what becomes of the training."""
        from minigpt_tui.tui.trainings.leave_dialog import LeaveDialog

        session, queue = self.app.session, self.app.queue
        if isinstance(self.app.screen, LeaveDialog):
            return
        job = session.job
        if not session.active or job is None:
            self.app.exit()
            return
        held = queue.held

        def answered(answer: Answer | None) -> None:
            if answer in ("resume", None):
                queue.held = held
            if answer == "resume" and job.run is not None:
                self.app.trainings.resume(job.run)
            elif answer in ("stop", "leave"):
                session.stop()
                self.app.exit()

        self.app.push_screen(LeaveDialog(session, self.begin_hand_over), answered)

    def begin_hand_over(self) -> HandOver:
        """Has the training go on in the background; the app's own thread carries it to its end."""
        from minigpt_tui.tui.trainings.hand_over import HandOver

        self.app.queue.held = True  # the end of this training here must not begin the next
        hand_over = self.hand_over = HandOver(self.app.session)
        self.app.run_worker(hand_over.work, name="hand-over", thread=True, exit_on_error=False)
        return hand_over
