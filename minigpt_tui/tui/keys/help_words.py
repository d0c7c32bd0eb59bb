"""What the help page says of each pane: what it is for, and how to read it; keys as `key_prose`."""

from __future__ import annotations

ABOUT = {
    "corpus": (
        "Choose the text that a model learns from.",
        "The list shows the texts that come with the program and your own; ‹corpus.open_path› "
        "opens any file or folder, ‹corpus.paste_text› keeps what is in the clipboard. "
        "‹corpus.mark_text› marks texts that are then one together. The preview colours the "
        "tokens: the pieces the model reads and predicts, one at a time. ‹corpus.cycle_level› "
        "switches between characters, words and pieces of words (BPE).",
        "Enter goes into the preview: arrows walk from token to token, home and end go to the "
        "ends of the text, however long it is, and ‹corpus.go_to› to any part of it. The column "
        "beside it stands for the whole text: what is seen, and (dotted) what is held out.",
        "The last tenth of a text is held out: the model never trains on it, so the loss there "
        "tells whether it learned the language or only the text.",
    ),
    "train": (
        "Set up a training and watch it.",
        "‹train.find_setting› narrows the settings to what you type; • marks what differs from "
        "the preset, or, after ‹train.compare_run›, from the run that is shown. While a training "
        "runs ‹train.start› queues the settings: the next run begins when one ends, also when it "
        "is stopped or fails; ‹train.show_queue› shows and holds them.",
        "The loss is the surprise at the next token, in nats (1 nat = 1.44 bits). A model that "
        "knows nothing scores ln(vocabulary size). For characters: 4–5 is random, 2–3 has found "
        "patterns, 1–2 is good, below 1 very good.",
        "Perplexity is e^loss: the number of tokens among which the model is, in effect, guessing.",
        "When the validation loss rises while the training loss falls, the model is learning the "
        "text by heart (overfitting). best_model.pt keeps the moment before.",
        "In the plot: ‹loss_plot.left› ‹loss_plot.right› read every figure at a step, "
        "‹loss_plot.drop› lets go; ‹loss_plot.zoom_in› ‹loss_plot.zoom_out› zoom around it, or "
        "into the newest part, which then follows the run; ‹loss_plot.pan_left› and "
        "‹loss_plot.pan_right› pan, ‹loss_plot.follow› follows again, ‹loss_plot.all› shows all. "
        "‹loss_plot.kind› counts steps, epochs, tokens or time, ‹loss_plot.log› and "
        "‹loss_plot.log_x› are log axes, ‹loss_plot.smoother› ‹loss_plot.rougher› "
        "‹loss_plot.auto› smooth, ‹loss_plot.small› shows learning rate, gradient norm and speed. "
        "The mouse reads with a click, zooms with the wheel or by drawing a box, and pans with "
        "shift and the wheel.",
        "On the axis ◆ is what happened (a pause, a spike, another learning rate), ▪ a "
        "checkpoint; the cursor names them. Other runs lie over the curve with a letter, a "
        "pattern and a colour each, smoothed to their own length.",
    ),
    "predict": (
        "Ask the trained model what comes next, at any place of a text.",
        "Every key press shows the most probable next tokens and the most probable next whole "
        "words. A word's probability is the total over all the ways to spell it out in tokens; "
        "“unexplored” is what the search has not followed to the end of a word. If the prompt "
        "ends inside a word, “word goes on” shows how likely the word is not finished.",
        "Of a token, the first number is the model's own probability, the second the one that it "
        "is drawn with: the sampler (‹predict.samplers›) makes it larger or smaller, or cuts the "
        "token, and then the stage is named. Turning a setting asks no model. The same model, "
        "text, sampler and seed write the same again.",
        "The text is coloured by how surprising each token was: surprisal is −log2 of its "
        "probability, entropy is the surprisal that the model expected, rank is the token's place "
        "in the model's list. Strong tints are underlined too. Tab to the text and move: the bars "
        "show what the model expected there, ◂ marks what stands there.",
        "‹predict.generate› or Enter writes on, ‹predict.step› draws a single token, ↓ and Enter "
        "take one from the bars, → at the end of the prompt the most probable. Before the end of "
        "a text all of them begin a branch there: what stood behind is kept (‹predict.branches›), "
        "and ‹predict.undo› goes back. ‹predict.again› writes another text with the next seed. ^j "
        "begins a new line in the prompt.",
        "‹predict.compare› asks a second checkpoint beside the first: both distributions, how far "
        "they lie apart (KL divergence, 0 is equal), and where in the text each is less "
        "surprised. Models with different vocabularies are compared over the pieces that both cut "
        "alike.",
    ),
    "inspect": (
        "See what the model does with a prompt, and where that comes from.",
        "Each view has one subject: attention, the logit lens, what adds to a token's score "
        "(attribution), what is lost without a part (ablation), which part carries an answer "
        "(patching), embeddings, the training text as evidence, calibration, and the same prompts "
        "along the training. ‹inspect.explain› shows how to read the view in plain words.",
        "‹inspect.next_view› and ‹inspect.previous_view› go through the views. Enter or Tab "
        "leaves the prompt for the view, where the arrows and the letters of the footer work; Tab "
        "returns.",
        "Nothing here changes the model. What takes long works in the background and shows its "
        "progress; Escape gives it up.",
    ),
    "runs": (
        "Find, compare and keep what was trained.",
        "Every run is listed, also one that another process trains, live. The selected one is "
        "what Train shows (‹runs.open_run›) and Predict asks (‹runs.ask_run›).",
        "The filter takes words of the name and the notes, and any setting or column with a sign: "
        "lr>=1e-3, corpus:stories, state:completed, layout=qwen3, loss<2, age<2d, parameters>1M, "
        "minutes=none. All of them must hold. A click on a title sorts; ★ are pinned runs.",
        "‹runs.mark_run› marks a run with ◆: the page of every other then shows what the two set "
        "differently, and ‹runs.overlay_run› lays its curve over that of the other in Train. "
        "‹runs.serve_run› lets other programs ask the run's model over HTTP while this window is "
        "open. A run whose process is gone is interrupted, and ‹runs.resume_run› goes on with it; "
        "‹runs.train_on_run› begins a new one with its weights, on its text or another. "
        "A deleted run can be brought back for a week.",
    ),
}
