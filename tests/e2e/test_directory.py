#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The working directory: how a conversation is asked for it, who else may
name it, what Claude is told, and where it works in the end."""
import contextlib
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
# pylint: disable=wrong-import-position
from answers import ask
from ccp import Env, HandlerSocket, Start, chat_body, run_handler_pipe
from tap import add, contains, eq, fail, lacks, main, ok, test, until

HEADER = "X-CCP-Working-Dir"
QUESTION = "Which directory shall I work in?"
NO_TOKENS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0,
             "prompt_tokens_details": {"cached_tokens": 0}}


class Bed:
    """A handler whose Claude tells what it was told, and where it ran.

    dirs: project, "with space", other, below the temporary directory.
    """

    def __init__(self, env):
        self.env = env
        self.record = os.path.join(env.dir, "record")
        env.environ["CCP_DEMO_RECORD"] = self.record
        env.environ["CLAUDE_ENV"] += ",CCP_DEMO_RECORD"
        self.top = os.path.realpath(env.dir)
        for name in ("project", "with space", "other", "project/below"):
            os.mkdir(self.at(name))
        self.handler = HandlerSocket(env)
        self.http = self.handler.http

    def at(self, name):
        return os.path.join(self.top, name)

    def __enter__(self):
        self.handler.__enter__()
        return self

    def __exit__(self, *why):
        self.handler.__exit__(*why)

    def cwds(self):
        """Where each Claude ran so far."""
        if not os.path.exists(self.record):
            return []
        with open(self.record, encoding="utf-8",
                  errors="surrogateescape") as lines:
            values = [json.loads(line) for line in lines]
        return [os.path.relpath(v["cwd"], self.top)
                for v in values if "cwd" in v]

    @contextlib.contextmanager
    def anew(self, **environ):
        """With other settings, in another handler."""
        self.env.environ.update(environ)
        with HandlerSocket(self.env) as second:
            first, self.http = self.http, second.http
            yield
            self.http = first

    def log(self):
        return self.handler.stderr()


@contextlib.contextmanager
def bed(ASK_WORKING_DIR=None, **settings):  # pylint: disable=invalid-name
    child = {"CCP_DEMO_MODE": "transcript", "CCP_DEMO_DELAY_MS": "0"}
    with Env(child=child, ASK_WORKING_DIR=ASK_WORKING_DIR, **settings) as env:
        with Bed(env) as here:
            yield here
        env.wait_gone()


class Talk:
    """A client that keeps the conversation and sends all of it each time, as
    a page in a browser does: it can say, regenerate and edit."""

    def __init__(self, here, stream=False, headers=None):
        self.here = here
        self.stream = stream
        self.history = []  # (role, content)
        self.answers = []
        self.headers = headers or {}

    def say(self, content):
        self.history.append(("user", content))
        return self._ask()

    def regenerate(self):
        """The last answer."""
        self.history.pop()
        return self._ask()

    def edit(self, number, content):
        """The user's message of that number, from 0; what follows is gone."""
        at = [i for i, (role, _) in enumerate(self.history)
              if role == "user"][number]
        del self.history[at:]
        return self.say(content)

    def _ask(self):
        self.here.http.fields.update(self.headers)
        answer = ask(self.here.http, stream=self.stream, messages=[
            {"role": role, "content": content}
            for role, content in self.history])
        for name in self.headers:
            del self.here.http.fields[name]
        self.history.append(("assistant", answer.text))
        self.answers.append(answer)
        return answer


def is_ours(answer, *parts):
    """An answer of ccp's own."""
    eq((answer.status, answer.finish, answer.usage),
       (200, "stop", NO_TOKENS), repr(answer))
    for part in parts:
        contains(answer.text, part)


def is_question(answer):
    is_ours(answer)
    ok(answer.text.startswith(QUESTION), answer.text)


def is_refusal(answer, why):
    is_ours(answer, f": {why}.\n\n{QUESTION}")


def is_confirmation(answer, path):
    is_ours(answer, f'"{path}"', "Please go on.")


def told(answer):
    """What Claude was told, "u:text" and "a:text"; answers of Claude's own
    are "a:"."""
    eq((answer.status, answer.finish), (200, "stop"), repr(answer))
    ok(answer.usage["total_tokens"] > 0, "usage of an answer of Claude's")
    try:
        value = json.loads(answer.text)
    except ValueError:
        fail(f"not Claude: {answer.text}")
    eq(value["interpreted"], [])
    return [m["role"][0] + ":" + "+".join(
        "" if t.startswith('{"model"') else t for t in m["texts"])
        for m in value["messages"]]


def both(name):
    """Decorator: a case for whole answers, and one for streamed ones."""
    def collect(function):
        add(name, lambda: function(False))
        add(f"{name}, streamed", lambda: function(True))
    return collect


# --- the exchange -------------------------------------------------------------

@both("asked, confirmed, and there it works")
def _(stream):
    with bed() as here:
        talk = Talk(here, stream)
        is_question(talk.say("Fix the tests."))
        is_confirmation(talk.say(here.at("project")), here.at("project"))
        eq(here.cwds(), [], "Claude ran for answers of ccp's own")
        eq(told(talk.say("Go on.")), ["u:Fix the tests.", "u:Go on."])
        eq(told(talk.say("And now?")),
           ["u:Fix the tests.", "u:Go on.", "a:", "u:And now?"])
        eq(here.cwds(), ["project", "project"])
        eq([a.response.header("X-CCP-Session") for a in talk.answers],
           [None, None, "new", "resumed"])


@both("what is no directory is refused, and asked for again")
def _(stream):
    with bed() as here:
        pathlib.Path(here.at("file")).write_text("x", encoding="utf-8")
        talk = Talk(here, stream)
        is_question(talk.say("Fix the tests."))
        is_refusal(talk.say("the usual one"),
                   "a path has to begin with / or with ~/")
        is_refusal(talk.say(here.at("missing")), "it does not exist")
        is_refusal(talk.say(here.at("file")),
                   "it is a file, not a directory")
        is_refusal(talk.say("/proc/self"),
                   "/proc, /sys and /dev belong to the system")
        is_confirmation(talk.say(f" `{here.at('with space')}/` \n"),
                        here.at("with space"))
        eq(told(talk.say("Go on.")), ["u:Fix the tests.", "u:Go on."])
        eq(here.cwds(), ["with space"])


@both("the first message is a path")
def _(stream):
    with bed() as here:
        talk = Talk(here, stream)
        is_confirmation(talk.say("~"), os.path.realpath(here.env.home))
        eq(told(talk.say("List them.")), ["u:List them."])
        eq(here.cwds(), ["home"])


@test("a first message that only looks like a path is asked about")
def _():
    with bed() as here:
        for text in ("/help", "/tmp is what I mean", here.at("missing"),
                     "~/no/such"):
            is_question(Talk(here).say(text))
        is_question(ask(here.http, messages=[
            {"role": "user", "content": text} for text in ("~", "Look.")]))


@both("the reply is edited, the confirmation regenerated")
def _(stream):
    with bed() as here:
        talk = Talk(here, stream)
        is_question(talk.say("Fix the tests."))
        is_question(talk.regenerate())
        is_confirmation(talk.say(here.at("project")), here.at("project"))
        is_confirmation(talk.regenerate(), here.at("project"))
        is_confirmation(talk.edit(1, here.at("other")), here.at("other"))
        eq(told(talk.say("Go on.")), ["u:Fix the tests.", "u:Go on."])
        eq(told(talk.regenerate()), ["u:Fix the tests.", "u:Go on."])
        is_refusal(talk.edit(1, "nowhere"),
                   "a path has to begin with / or with ~/")
        is_confirmation(talk.say(here.at("project")), here.at("project"))
        eq(told(talk.say("Go on.")), ["u:Fix the tests.", "u:Go on."])
        is_confirmation(talk.edit(0, here.at("other")), here.at("other"))
        eq(told(talk.say("Go on.")), ["u:Go on."])
        eq(here.cwds(), ["other", "other", "project", "other"])


@both("later messages that are paths stay")
def _(stream):
    with bed() as here:
        talk = Talk(here, stream)
        talk.say("Compare them.")
        talk.say(here.at("project"))
        talk.say("Go on.")
        eq(told(talk.say(here.at("other"))),
           ["u:Compare them.", "u:Go on.", "a:", f"u:{here.at('other')}"])
        eq(told(talk.say("~")),
           ["u:Compare them.", "u:Go on.", "a:", f"u:{here.at('other')}",
            "a:", "u:~"])
        eq(here.cwds(), ["project"] * 3)


@test("a conversation that has answers uses CLAUDE_WORKING_DIR")
def _():
    with bed() as here:
        answer = ask(here.http, "Hello!", "Hello, how are you?",
                     here.at("project"))
        eq(told(answer), ["u:Hello!", "a:Hello, how are you?",
                          f"u:{here.at('project')}"])
        # Not even where our words stand in it in the wrong place
        question = ask(here.http, "Hello!").text
        confirmed = ask(here.http, here.at("project")).text
        texts = ["Hello!", "Hello.", "What?", question, here.at("project"),
                 confirmed, "Go on."]
        eq(told(ask(here.http, *texts)),
           [f"{'ua'[i % 2]}:{t}" for i, t in enumerate(texts)])
        eq(here.cwds(), ["work", "work"])


@test("names with quotes, lines and any bytes are found again")
def _():
    with bed() as here:
        names = ["it's", 'quo"te', "back\\slash", "back`tick`", "new\nline",
                 "ümläut 日本", " both ", "*_<b>_*"]
        for name in names:
            os.mkdir(here.at(name))
            talk = Talk(here)
            is_ours(talk.say(f'"{here.at(name)}"'), "Please go on.")
            eq(told(talk.say("Go on.")), ["u:Go on."])
        bad = os.fsdecode(b"bad\xff\xc3")
        os.mkdir(here.at(bad))
        os.symlink(here.at(bad), here.at("bad"))
        talk = Talk(here)
        is_ours(talk.say(here.at("bad")), "bad\\xFF\\xC3")
        eq(told(talk.say("Go on.")), ["u:Go on."])
        eq(here.cwds(), names + [bad])


@test("symbolic links are resolved before anything is checked")
def _():
    with bed(ALLOWED_DIRS="") as here:
        os.symlink(here.at("project"), here.at("link"))
        os.symlink("/proc/self", here.at("proc"))
        talk = Talk(here)
        talk.say("Hello!")
        is_refusal(talk.say(here.at("proc")),
                   "/proc, /sys and /dev belong to the system")
        is_confirmation(talk.say(here.at("link")), here.at("project"))
        # It is the directory that was confirmed, not the link.
        os.unlink(here.at("link"))
        os.symlink(here.at("other"), here.at("link"))
        told(talk.say("Go on."))
        eq(here.cwds(), ["project"])


@both("the directory is gone in between")
def _(stream):
    with bed() as here:
        talk = Talk(here, stream)
        talk.say("Fix the tests.")
        talk.say(here.at("other"))
        told(talk.say("Go on."))
        os.rename(here.at("other"), here.at("renamed"))
        is_ours(talk.say("And now?"),
                "cannot be used any more: it does not exist", QUESTION)
        is_refusal(talk.say(here.at("other")), "it does not exist")
        is_confirmation(talk.say(here.at("renamed")), here.at("renamed"))
        eq(told(talk.say("So?")), ["u:Fix the tests.", "u:Go on.", "a:",
                                   "u:And now?", "u:So?"])
        # Back again, and the later one still counts
        os.mkdir(here.at("other"))
        told(talk.say("Well?"))
        eq(here.cwds(), ["other", "renamed", "renamed"])


@test("a client that sends the last messages only")
def _():
    with bed() as here:
        talk = Talk(here)
        for text in ("Fix the tests.", here.at("project"), "Go on."):
            talk.say(text)
        del talk.history[:1]  # what was asked
        eq(told(talk.say("More.")), ["u:Go on.", "a:", "u:More."])
        del talk.history[:2]  # and the exchange but for the confirmation
        eq(told(talk.say("And more."))[-1], "u:And more.")
        eq(here.cwds(), ["project"] * 3)


@test("system texts and parts change nothing")
def _():
    with bed() as here:
        question = ask(here.http, "Fix the tests.").text
        confirmed = ask(here.http, here.at("project")).text

        def text(*texts):
            return [{"type": "text", "text": t} for t in texts]

        answer = ask(here.http, messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": text("Fix the tests.", "<notes>")},
            {"role": "assistant", "content": text(question + " \n")},
            {"role": "developer", "content": "It is Monday."},
            {"role": "user",
             "content": text("<notes>", here.at("project"))},
            {"role": "assistant", "content": text(confirmed)},
            {"role": "user", "content": text("Go on.", "<notes>")}])
        eq(told(answer), ["u:Fix the tests.+<notes>", "u:Go on.+<notes>"])
        eq(json.loads(answer.text)["system"], "Be brief.\n\nIt is Monday.")
        eq(here.cwds(), ["project"])


@test("a question takes no place in the queue")
def _():
    with bed(CLAUDE_MAX_PROCESSES="1") as here:
        here.env.environ["CCP_DEMO_MODE"] = "silent"
        with HandlerSocket(here.env) as other:
            other.http.send_json("/v1/chat/completions",
                                 chat_body("Hello.", "Hello.", "Wait."))
            until(here.cwds, what="Claude")
            is_question(ask(here.http, "Hello!"))
            is_confirmation(ask(here.http, here.at("project")),
                            here.at("project"))
            other.http.close()


@test("a question on a pipe, and the request behind it")
def _():
    with Env(ASK_WORKING_DIR=None) as env:
        body = json.dumps(chat_body("Hello!")).encode()
        head = (f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
                f"Authorization: Bearer {env.key}\r\n"
                "Content-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        got = run_handler_pipe((head + body) * 2, env)
        eq(got.count(QUESTION.encode()), 2)


# --- who else names it --------------------------------------------------------

@both("the header names it")
def _(stream):
    with bed() as here:
        talk = Talk(here, stream, {HEADER: here.at("project/")})
        eq(told(talk.say("Fix the tests.")), ["u:Fix the tests."])
        talk.headers[HEADER] = "~"
        eq(told(talk.say("Go on.")),
           ["u:Fix the tests.", "a:", "u:Go on."])
        eq(here.cwds(), ["project", "home"])


@test("the header wins over the conversation")
def _():
    with bed() as here:
        talk = Talk(here)
        talk.say("Fix the tests.")
        talk.say(here.at("other"))
        talk.headers[HEADER] = here.at("project")
        eq(told(talk.say("Go on.")), ["u:Fix the tests.", "u:Go on."])
        eq(here.cwds(), ["project"])


@test("the header is UTF-8")
def _():
    with bed() as here:
        os.mkdir(here.at("日本"))
        name = here.at("日本").encode("utf-8").decode("latin-1")
        told(Talk(here, headers={HEADER: name}).say("Hello!"))
        eq(here.cwds(), ["日本"])


@both("a wrong header is a 400")
def _(stream):
    with bed() as here:
        for value, why in (("project", "a path has to begin with"),
                           ("/no/such", "it does not exist"),
                           ("/dev", "belong to the system"),
                           ("", "a path has to begin with")):
            answer = Talk(here, stream, {HEADER: value}).say("Hello!")
            eq((answer.status, answer.error["param"], answer.error["code"]),
               (400, HEADER, "invalid_value"))
            contains(answer.error["message"], why)
        eq(here.cwds(), [])


@both("always: asked although the header names it")
def _(stream):
    with bed("always") as here:
        talk = Talk(here, stream, {HEADER: here.at("project")})
        is_question(talk.say("Fix the tests."))
        is_confirmation(talk.say(here.at("other")), here.at("other"))
        eq(told(talk.say("Go on.")), ["u:Fix the tests.", "u:Go on."])
        answer = ask(here.http, "Hello!", "Hello.", "What?")
        eq(told(answer), ["u:Hello!", "a:Hello.", "u:What?"])
        eq(here.cwds(), ["other", "work"])


@both("never: CLAUDE_WORKING_DIR")
def _(stream):
    with bed("never") as here:
        talk = Talk(here, stream)
        eq(told(talk.say("Hello!")), ["u:Hello!"])
        eq(told(Talk(here, stream).say("~")), ["u:~"])
        eq(here.cwds(), ["work", "work"])


@test("never: a conversation that was asked before goes on as it was")
def _():
    with bed() as here:
        talk = Talk(here)
        talk.say("Fix the tests.")
        open_talk = list(talk.history)
        talk.say(here.at("other"))
        with here.anew(ASK_WORKING_DIR="never"):
            eq(told(talk.say("Go on.")), ["u:Fix the tests.", "u:Go on."])
            talk.history = open_talk
            eq(told(talk.say("Just do it.")),
               ["u:Fix the tests.", "u:Just do it."])
        eq(here.cwds(), ["other", "work"])


@test("CLAUDE_WORKING_DIR may begin with ~ and be relative")
def _():
    for value, cwd in (("~", "home"), ("~/in it/", "home/in it"),
                       ("../project", "project")):
        with bed("never", CLAUDE_WORKING_DIR=value) as here:
            os.mkdir(os.path.join(here.env.home, "in it"))
            told(Talk(here).say("Hello!"))
            eq(here.cwds(), [cwd], value)


@test("a CLAUDE_WORKING_DIR that cannot be used is a 500, and in the log")
def _():
    with bed("never", CLAUDE_WORKING_DIR="~/missing") as here:
        answer = ask(here.http, "Hello!")
        eq((answer.status, answer.error["code"]), (500, "working_directory"))
        eq(answer.error["message"],
           "CLAUDE_WORKING_DIR cannot be used: it does not exist.")
        contains(here.log(),
                 "CLAUDE_WORKING_DIR is ~/missing: it does not exist")
        eq(here.cwds(), [])
        told(Talk(here, headers={HEADER: "~"}).say("Hello!"))


@test("ccp start warns of directories that cannot be used")
def _():
    keys = {"secret-of-one": {"name": "one", "directory": "/no/such/key"}}
    with Env(CLAUDE_WORKING_DIR="~/missing", ALLOWED_DIRS="/tmp:/no/such/dir",
             API_KEYS=json.dumps(keys)) as env, Start(env) as server:
        log = server.stop()
        for line in ("CLAUDE_WORKING_DIR ~/missing is not usable",
                     "ALLOWED_DIRS: /no/such/dir is not usable",
                     "API_KEYS: the directory of one /no/such/key is not "
                     "usable"):
            contains(log, line)
        lacks(log, "ALLOWED_DIRS: /tmp")
        lacks(log, "secret")


@test("ALLOWED_DIRS bounds what a conversation and a header may name")
def _():
    with bed() as here:
        os.symlink(here.at("other"), here.at("project/away"))
        os.mkdir(here.at("project2"))
        os.mkdir(os.path.join(here.env.home, "mine"))
        outside = "it is not in one of the directories that ALLOWED_DIRS names"
        with here.anew(ALLOWED_DIRS=f"{here.at('project')}:~/mine"):
            talk = Talk(here)
            talk.say("Hello!")
            for name in ("other", "project2", "project/away", "project/..",
                         "home"):
                is_refusal(talk.say(here.at(name)), outside)
            is_confirmation(talk.say(here.at("project/below")),
                            here.at("project/below"))
            told(talk.say("Go on."))
            is_confirmation(Talk(here).say("~/mine"), here.at("home/mine"))
            is_question(Talk(here).say("~"))
            answer = Talk(here, headers={HEADER: "/"}).say("Hello!")
            eq((answer.status, answer.error["param"]), (400, HEADER))
        eq(here.cwds(), ["project/below"])


@test("ALLOWED_DIRS holds for what was confirmed before, too")
def _():
    with bed() as here:
        talk = Talk(here)
        talk.say(here.at("other"))
        with here.anew(ALLOWED_DIRS=here.at("project")):
            is_ours(talk.say("Go on."), "cannot be used any more: it is not "
                    "in one of the directories", QUESTION)
        eq(here.cwds(), [])


# --- keys ---------------------------------------------------------------------

def asks_with(here, key, text="Hello!"):
    talk = Talk(here, headers={"Authorization": f"Bearer {key}"})
    auth = here.http.fields["Authorization"]
    answer = talk.say(text)
    here.http.fields["Authorization"] = auth
    return answer


@test("a key may be bound to a directory")
def _():
    with bed(API_KEYS=json.dumps({
            "phone-key": {"name": "phone", "directory": "~/notes"},
            "free-key": "laptop", "lost-key": {
                "name": "lost", "directory": "~/lost"}})) as here:
        os.mkdir(os.path.join(here.env.home, "notes"))
        eq(told(asks_with(here, "phone-key")), ["u:Hello!"])
        is_question(asks_with(here, "free-key"))
        is_question(ask(here.http, "Hello!"))
        answer = asks_with(here, "lost-key")
        eq((answer.status, answer.error["code"]), (500, "working_directory"))
        contains(here.log(), "the directory of lost is ~/lost: it does not")
        lacks(here.log(), "-key")
        eq(asks_with(here, "no-key").status, 401)
        eq(here.cwds(), ["home/notes"])


@test("always: asked although the key names it; the header wins over it")
def _():
    keys = json.dumps({"k": {"name": "n", "directory": "~"}})
    with bed("always", API_KEYS=keys) as here:
        is_question(asks_with(here, "k"))
    with bed(API_KEYS=keys) as here:
        here.http.fields["Authorization"] = "Bearer k"
        told(Talk(here, headers={HEADER: here.at("project")}).say("Hello!"))
        told(Talk(here).say("Hello!"))
        eq(here.cwds(), ["project", "home"])


@test("in the file the keys are an object; only their digests need be there")
def _():
    # printf abc123 | sha256sum
    digest = "6ca13d52ca70c883e0f0bb101e425a89e8624de51db2d2392593af6a84118090"
    with Env(API_KEY=None) as env:
        env.write_config(json.dumps({"API_KEYS": {
            f"sha256:{digest}": "digested", "plain": {"name": "plain"}}}))
        for key, status in (("abc123", 200), ("plain", 200), (digest, 401),
                            (f"sha256:{digest}", 401), ("CCP_API_KEY", 401),
                            ("abc12", 401)):
            with HandlerSocket(env) as handler:
                got = handler.http.get("/v1/models",
                                       Authorization=f"Bearer {key}")
                eq(got.status, status, key)


if __name__ == "__main__":
    main()
