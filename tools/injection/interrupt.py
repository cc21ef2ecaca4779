# SPDX-License-Identifier: MIT
"""
Signals that end the work (Ctrl-C, a closed terminal, kill), at places where it can end: nothing stays
mounted, locked or half written.

    interrupt.catch()               from here on, a signal is noted
    interrupt.check()               ends the work (SystemExit) if there was one
    with interrupt.allowed(): ...   a signal ends the work at once: nothing is held inside that the
                                    blocks around do not release
"""
import contextlib
import signal

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_state = {"signal": None, "allowed": 0}


def _note(number, _):
    first = _state["signal"] is None
    _state["signal"] = number
    if first and _state["allowed"]:
        check()


def catch():
    for number in SIGNALS:
        signal.signal(number, _note)


def check():
    if _state["signal"] is not None:
        raise SystemExit(128 + _state["signal"])


@contextlib.contextmanager
def allowed():
    _state["allowed"] += 1
    try:
        check()
        yield
    finally:
        _state["allowed"] -= 1
