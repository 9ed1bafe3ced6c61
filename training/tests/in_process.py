"""A command as a test calls it: in this process, for a new one takes seconds to import PyTorch."""

import contextlib
import io
import subprocess
import sys
from unittest import mock


def call(main, *words):
    """main() with these words on its command line -> subprocess.CompletedProcess, with text"""
    words = ["command", *map(str, words)]
    out, err = io.StringIO(), io.StringIO()
    code = None
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(sys, "argv", words),
    ):
        try:
            main()
        except SystemExit as error:
            code = error.code
    if isinstance(code, str):
        err.write(f"{code}\n")
        code = 1
    return subprocess.CompletedProcess(words, code or 0, out.getvalue(), err.getvalue())
