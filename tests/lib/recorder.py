# SPDX-License-Identifier: GPL-3.0-or-later
"""A program for CLAUDE_PATH that writes down how it was started, and then is
the stand-in."""
import os
import pathlib
import shlex
import tempfile

from ccp import program

SCRIPT = """\
#!/bin/sh
# before there is a child: while it waits for one a shell may block signals
while IFS= read -r line; do
    printf '%s\\n' "$line"
done </proc/$$/status >{to}/$$.status
cat /proc/$$/cmdline >{to}/$$.argv.new
cat /proc/$$/environ >{to}/$$.environ
pwd -P >{to}/$$.cwd
mv {to}/$$.argv.new {to}/$$.argv
{run}
"""


class Start:
    """argv without the name of the program; environ; cwd; status of proc(5)
    before the stand-in changes anything of it."""

    def __init__(self, path):
        # the kernel puts the interpreter and the script before the arguments
        argv = path.read_bytes().split(b"\0")
        self.argv = [os.fsdecode(a) for a in argv[2:-1]]
        lines = path.with_suffix(".environ").read_bytes().split(b"\0")
        self.environ = dict(os.fsdecode(v).split("=", 1)
                            for v in lines if v)
        cwd = path.with_suffix(".cwd").read_bytes()
        self.cwd = os.fsdecode(cwd.removesuffix(b"\n"))
        status = path.with_suffix(".status").read_text(encoding="utf-8")
        self.status = dict(line.split(":\t", 1)
                           for line in status.splitlines())

    def flag(self, name):
        """What stands behind it; None: it is not there."""
        return self.argv[self.argv.index(name) + 1] \
            if name in self.argv else None


class Recorder:
    """Context manager.  name: of the program; edit: arguments of sed, by
    which what the stand-in says is changed; demo: the stand-in's path."""

    def __init__(self, name="claude", edit=None, demo=None):
        self._dir = tempfile.TemporaryDirectory(prefix="ccp-test-")
        top = pathlib.Path(self._dir.name)
        self._to = top / "starts"
        self._to.mkdir()
        (top / "pro grams").mkdir()
        self.path = str(top / "pro grams" / name)
        run = shlex.quote(demo or program("ccp-demo-claude")) + ' "$@"'
        run = f"{run} | sed -u {shlex.join(edit)}" if edit else f"exec {run}"
        script = pathlib.Path(self.path)
        script.write_text(SCRIPT.format(to=shlex.quote(str(self._to)),
                                        run=run), encoding="utf-8")
        script.chmod(0o755)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._dir.cleanup()

    def starts(self):
        """Those since it was last asked, the earliest first."""
        found = sorted(self._to.glob("*.argv"),
                       key=lambda p: p.stat().st_mtime_ns)
        starts = [Start(path) for path in found]
        for path in found:
            path.unlink()
        return starts

    def only(self):
        starts = self.starts()
        if len(starts) != 1:
            raise AssertionError(f"started {len(starts)} times")
        return starts[0]
