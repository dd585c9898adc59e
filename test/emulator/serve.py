"""The emulator: a moto server on loopback, on a port that was free; it tells the address on standard error.

Started by server.ts with a pipe as standard input. Ends when that pipe closes, so also when whoever started it was
killed; by SIGTERM; and at once, with the reason, where this moto no longer needs what is added to it (additions.py).
"""

import os
import threading

STANDARD_INPUT = 0


def end_with_whoever_started_us() -> None:
    while os.read(STANDARD_INPUT, 1024):
        pass
    os._exit(0)


threading.Thread(target=end_with_whoever_started_us, daemon=True).start()

# After the thread: these imports take seconds, in which we may already have been left alone.
from additions import add  # noqa: E402
from moto.server import main  # noqa: E402

add()
main(["-H", "127.0.0.1", "-p", "0"])
