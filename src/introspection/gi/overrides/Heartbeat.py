# SPDX-License-Identifier: MIT
"""What Python adds to libheartbeat: a handler that raises ends its run as failed."""

import functools
import inspect
import sys

from gi.module import get_introspection_module
from gi.overrides import override

_Heartbeat = get_introspection_module("Heartbeat")

__all__ = []


def _describe(error):
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _guarded(func):
    """Return func as a handler whose mistakes end the run: PyGObject would only print them."""
    # Not functools.wraps: PyGObject would count the arguments of what is wrapped.
    def handler(run, *user_data):
        try:
            result = func(run, *user_data)
            if inspect.iscoroutine(result):
                result.close()
                raise TypeError("a handler is no coroutine (async def): keep the run, and end it later from the main loop")
        except BaseException as error:
            run.fail(_describe(error))
            if isinstance(error, KeyboardInterrupt):
                raise
            # sys.exit() too: what a handler calls must not end a program that serves others
            if isinstance(error, SystemExit):
                return
            sys.excepthook(*sys.exc_info())

    return handler


class Consumer(_Heartbeat.Consumer):
    """A consumer; its settings are keyword arguments: agent_name, heartbeat_path, rabbit_url, exchange_name, …"""

    @functools.wraps(_Heartbeat.Consumer.register_handler)
    def register_handler(self, name, func, *user_data):
        if not callable(func):
            raise TypeError(f"the handler of {name!r} cannot be called: {func!r}")
        super().register_handler(name, _guarded(func), *user_data)


Consumer = override(Consumer)
__all__.append("Consumer")
