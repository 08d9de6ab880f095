"""What the model at the far end says, whichever API it is asked in.

A prompt is an order:

    say TEXT       the model thinks, and says TEXT
    run COMMAND    it thinks, says that it runs COMMAND, calls the agent's own tool for commands,
                   and then says what that printed
    refuse STATUS  the API answers with that status
"""

import dataclasses
import re

THOUGHT = "I do what I am told."
PROMPT_TOKENS = 100
CACHED_TOKENS = 40
COMPLETION_TOKENS = 20
ORDER = re.compile(r"^(say|run|refuse)\b *(.*)\Z", re.MULTILINE | re.DOTALL)


class Refused(Exception):
    """The API's answer is a status that is none of success."""

    def __init__(self, status: int):
        super().__init__(f"refused with {status}, as ordered")
        self.status = status


@dataclasses.dataclass
class Turn:
    """One reply of the model."""

    text: str
    thought: str = THOUGHT
    command: str | None = None


def play(texts: list[str], results: list[str]) -> Turn:
    """The reply to what the user said, and to the results of calls since then.

    Agents put words of their own before the user's and send more requests than they were asked:
    the last order counts, and who gives none is told `ok`.
    """
    orders = [found for text in texts if (found := ORDER.search(text.strip()))]
    if not orders:
        return Turn("ok", thought="")
    word, rest = orders[-1][1], orders[-1][2].strip()
    match word:
        case "refuse":
            raise Refused(int(rest))
        case "run" if results:
            return Turn(f"It printed: {results[-1].strip()}")
        case "run":
            return Turn("I run it.", command=rest)
    return Turn(rest)


def pieces(text: str) -> list[str]:
    """Halves, so that what comes in pieces does."""
    middle = (len(text) + 1) // 2
    return [piece for piece in (text[:middle], text[middle:]) if piece]
